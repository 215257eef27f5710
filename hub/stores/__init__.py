"""Where results live: one contract, an embedded and a server store."""
