"""What all commands ask of their options."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    from facechain_ext.methods.setting import Setting


def limits(setting: Setting) -> dict[str, Any]:
    """``min`` and ``max`` of the option that sets ``setting``, in the kind of its default."""
    kind = type(setting.default)
    return {"min": kind(setting.low), "max": kind(setting.high)}


class FiniteCommand(TyperCommand):
    """A command that takes no number that is not finite: "nan" is inside of every range."""

    def invoke(self, ctx: Any) -> object:
        """Run the command; raises BadParameter for a number that is not finite."""
        for name, value in ctx.params.items():
            for one in value if isinstance(value, (list, tuple)) else [value]:
                if isinstance(one, float) and not math.isfinite(one):
                    raise typer.BadParameter(f"--{name.replace('_', '-')} is {one}; give a finite number.")
        return super().invoke(ctx)
