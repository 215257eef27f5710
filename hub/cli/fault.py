"""``griphub fault``: what can go wrong in a running simulation, as a table."""

from typing import Any

from rich.table import Table


def table(answer: dict[str, Any]) -> Table:
    """Tools with what is wrong at present, and the kinds of faults."""
    shown = Table(box=None, pad_edge=False, show_header=False)
    for tool in answer["tools"]:
        shown.add_row(f"[bold]{tool['name']}[/]", ", ".join(tool["faults"]) or "nothing is wrong")
    shown.add_section()
    for kind, says in answer["faults"].items():
        shown.add_row(kind, says)
    return shown
