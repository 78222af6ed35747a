"""Axes for the X/Y/Z plot; a value is set on the run that it belongs to, never in the settings."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from facechain_ext.portrait.arguments import FaceArguments
from facechain_ext.webui import models

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

_ATTRIBUTE = "_facechain_axes"
_LABELS = ("[FaceChain] Strength", "[FaceChain] Window start", "[FaceChain] Window end", "[FaceChain] Adapter",
           "[FaceChain] Card")  # fmt: skip


def add() -> None:
    """Add our axes, once."""
    from modules import scripts

    module = next((one.module for one in scripts.scripts_data if one.path.endswith("xyz_grid.py")), None)
    if module is None or any(axis.label == _LABELS[0] for axis in module.axis_options):
        return
    strength, start, end, adapter, card = _LABELS
    module.axis_options += [
        module.AxisOption(strength, float, _setter("strength")),
        module.AxisOption(start, float, _setter("window_start")),
        module.AxisOption(end, float, _setter("window_end")),
        module.AxisOption(adapter, str, _setter("adapter"), choices=models.adapter_names),
        module.AxisOption(card, str, _setter("card"), choices=_cards),
    ]


def changed(p: Any, arguments: FaceArguments) -> FaceArguments:
    """``arguments`` with what the plot has set for this cell; raises HostError for values outside their range."""
    values: dict[str, Any] = dict(getattr(p, _ATTRIBUTE, {}))
    if not values:
        return arguments
    first, last = arguments.window
    window = [values.pop("window_start", first), values.pop("window_end", last)]
    checked = FaceArguments.parse(values | {"window": window})
    return replace(arguments, window=checked.window, **{name: getattr(checked, name) for name in values})


def _setter(name: str) -> Callable[[Any, Any, Any], None]:
    def apply(p: Any, value: Any, _values: Any) -> None:
        setattr(p, _ATTRIBUTE, {**getattr(p, _ATTRIBUTE, {}), name: value})

    return apply


def _cards() -> list[str]:
    from facechain_ext.identity.library import CardLibrary

    return CardLibrary().names()
