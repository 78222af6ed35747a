"""What all commands ask of their options."""

from __future__ import annotations

import math
from typing import Any

import typer
from typer.core import TyperCommand


class FiniteCommand(TyperCommand):
    """A command that takes no number that is not finite: "nan" is inside of every range."""

    def invoke(self, ctx: Any) -> object:
        """Run the command; raises BadParameter for a number that is not finite."""
        for name, value in ctx.params.items():
            for one in value if isinstance(value, (list, tuple)) else [value]:
                if isinstance(one, float) and not math.isfinite(one):
                    raise typer.BadParameter(f"--{name.replace('_', '-')} is {one}; give a finite number.")
        return super().invoke(ctx)
