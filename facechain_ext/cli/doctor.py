"""facechain doctor: what works here, and what would make the rest work."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from facechain_ext.doctor import as_text, examine

console = Console()


def doctor(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also show what is optional and not there.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Plain lines, for a bug report.")] = False,
) -> None:
    """Show what works here; each line that does not names the one command or file that changes it."""
    checks = examine()
    shown = [check for check in checks if everything or plain or check.state != "optional"]
    if plain:
        typer.echo(as_text(shown))
    else:
        table = Table()
        for column in ("", "Area", "What", "State"):
            table.add_column(column, overflow="fold")
        marks = {"ready": "[green]✓[/]", "optional": "[dim]–[/]", "missing": "[red]✗[/]"}
        for check in shown:
            words = escape(check.detail) + (f"\n[bold]{escape(check.remedy)}[/]" if check.remedy else "")
            table.add_row(marks[check.state], check.area, escape(check.name), words)
        console.print(table)
        hidden = len(checks) - len(shown)
        if hidden:
            console.print(f"{hidden} optional things are not there; facechain doctor --all shows them.")
    if any(check.state == "missing" for check in checks):
        raise typer.Exit(1)
