"""The bar of steps that commands show while they make pictures, and the stop that it passes on."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console


@contextmanager
def step_progress(console: Console, interrupted: Callable[[], bool]) -> Iterator[Callable[[int, int], bool]]:
    """Show a bar while the block runs; yields ``progress(step, total)`` for a host or a recipe.

    ``progress`` moves the bar and returns False, which stops the work, once ``interrupted()`` is True.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("Steps", total=None)

        def progress(step: int, total: int) -> bool:
            bar.update(task, completed=step, total=total)
            return not interrupted()

        yield progress
