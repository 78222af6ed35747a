"""Axes for the X/Y/Z plot; a value is set on the run that it belongs to, never in the settings."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from facechain_ext.errors import FaceChainError, HostError
from facechain_ext.hosts.webui import loras
from facechain_ext.methods.fact.files import adapter_names
from facechain_ext.recipes.arguments import FaceArguments, own_settings
from facechain_ext.recipes.job import Lora
from facechain_ext.styles import all_styles, find_lora

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from facechain_ext.styles import Style

T = TypeVar("T")

log = logging.getLogger(__name__)

_ATTRIBUTE = "_facechain_axes"
_TROUBLE = "trouble"
"""The key of why a cell cannot be made as asked."""
PREFIX = "[FaceChain]"
"""How the axes begin in the plot's list."""


def add() -> None:
    """Add our axes, once."""
    from modules import scripts

    module = next((one.module for one in scripts.scripts_data if one.path.endswith("xyz_grid.py")), None)
    if module is None or any(axis.label.startswith(PREFIX) for axis in module.axis_options):
        return
    module.axis_options += axes(module.AxisOption)


def axes(option: Callable[..., T]) -> list[T]:
    """Our axes, each made by ``option``, the plot's own class."""
    return [
        option(f"{PREFIX} Strength", float, _setter("strength")),
        option(f"{PREFIX} Window start", float, _setter("window_start")),
        option(f"{PREFIX} Window end", float, _setter("window_end")),
        # no check of all values beforehand: one that is not there costs its own cells, not the plot
        option(f"{PREFIX} Adapter", str, _setter("adapter"), choices=adapter_names),
        *_own(option),
        option(f"{PREFIX} Card", str, _setter("card"), choices=_cards),
        option(f"{PREFIX} Style", str, apply_style, choices=_styles),
    ]


def changed(p: Any, arguments: FaceArguments) -> FaceArguments:
    """``arguments`` with what the plot has set for this cell; raises HostError for values outside their range."""
    values: dict[str, Any] = dict(getattr(p, _ATTRIBUTE, {}))
    trouble = values.pop(_TROUBLE, None)
    if trouble is not None:
        raise trouble
    if not values:
        return arguments
    first, last = arguments.window
    window = [values.pop("window_start", first), values.pop("window_end", last)]
    checked = FaceArguments.parse(values | {"window": window})
    return replace(arguments, window=checked.window, **_changes(checked, values))


def _own(option: Callable[..., T]) -> list[T]:
    """An axis for each setting of a method that has none of its own above."""
    return [
        option(f"{PREFIX} {row.label}", type(row.default), _setter(row.name))
        for row in own_settings()
        if isinstance(row.default, (int, float, str)) and not isinstance(row.default, bool)
    ]


def _changes(checked: FaceArguments, names: Iterable[str]) -> dict[str, Any]:
    """The fields that the plot's values of these ``names`` change."""
    own = {row.name for row in own_settings()}
    changes = {name: getattr(checked, name) for name in names if name not in own}
    changed_own = {name: checked.method_settings[name] for name in names if name in own}
    return changes | ({"method_settings": changed_own} if changed_own else {})


def apply_style(p: Any, value: str, _values: Any) -> None:
    """Add a style's words to the prompts of ``p``, and its LoRA where the host has it.

    A style that is not there is told when the cell is made, which is then without the face.
    """
    try:
        style = _style(value)
    except HostError as error:
        _setter(_TROUBLE)(p, error, _values)
        return
    file = find_lora(style.lora, loras.folders()) if style.lora is not None else None
    words = [p.prompt, style.prompt if file is None else style.positive]
    if style.lora is not None and file is not None:
        try:
            words.append(loras.tag(Lora(file, style.lora.weight)))
        except HostError as error:
            log.warning("%s is drawn by its words alone: %s", style.en, error)
    p.prompt = ", ".join(part for part in words if part)
    p.negative_prompt = ", ".join(part for part in (p.negative_prompt, style.full_negative) if part)


def _setter(name: str) -> Callable[[Any, Any, Any], None]:
    def apply(p: Any, value: Any, _values: Any) -> None:
        setattr(p, _ATTRIBUTE, {**getattr(p, _ATTRIBUTE, {}), name: value})

    return apply


def _style(value: str) -> Style:
    """The style of this English name or key; raises HostError when there is none."""
    wanted = value.strip().casefold()
    try:
        styles = all_styles()
    except FaceChainError as error:
        raise HostError(str(error)) from error
    found = next((one for one in styles.values() if wanted in (one.en.casefold(), one.key)), None)
    if found is None:
        raise HostError(f"There is no style called {value[:60]!r}; the list beside the axis has all of them.")
    return found


def _styles() -> list[str]:
    return [style.en for style in all_styles().values()]


def _cards() -> list[str]:
    from facechain_ext.identity.library import CardLibrary

    return CardLibrary().names()
