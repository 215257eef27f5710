"""Text that strangers send: names and serial numbers of devices, made safe to show and to log."""


def plain(text: str, limit: int = 64) -> str:
    """Keep the printable characters: no line breaks, control characters or marks that turn a line around."""
    return "".join(c for c in text[: 4 * limit] if c.isprintable()).strip()[:limit]
