"""Axes for the X/Y/Z plot; the value of a cell is an attribute of its own generation, never an option."""

from __future__ import annotations

import functools
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from facechain_ext.errors import FaceChainError, HostError, InputError
from facechain_ext.hosts.webui import loras
from facechain_ext.methods.fact.files import adapter_names
from facechain_ext.methods.registry import method_names
from facechain_ext.recipes.arguments import FaceArguments, own_settings
from facechain_ext.styles import all_styles, find_lora

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from facechain_ext.hosts.webui.host_types import Processing, XyzScript
    from facechain_ext.styles import Style

T = TypeVar("T")

log = logging.getLogger(__name__)

_ATTRIBUTE = "_facechain_axes"
_ERROR = "error"
"""The key of the error for which a cell is made without the face."""
PREFIX = "[FaceChain]"
"""The beginning of the axes' labels in the plot's list."""


def register_axes() -> None:
    """Add the axes to the plot; may be repeated."""
    for module in _plots():
        if not any(str(getattr(axis, "label", "")).startswith(PREFIX) for axis in module.axis_options):
            module.axis_options.extend(axes(module.AxisOption))


def _plots() -> Iterator[XyzScript]:
    """The modules of the plot, by what they hold: its file has another place in every host, and moves."""
    from modules import scripts

    for data in scripts.scripts_data:
        module: XyzScript = data.module
        if isinstance(getattr(module, "axis_options", None), list) and callable(getattr(module, "AxisOption", None)):
            yield module


def axes(option: Callable[..., T]) -> list[T]:
    """The axes, each an instance of ``option``, the plot's own class."""
    return [
        option(f"{PREFIX} Strength", float, _setter("strength")),
        option(f"{PREFIX} Window start", float, _setter("window_start")),
        option(f"{PREFIX} Window end", float, _setter("window_end")),
        # no ``confirm``: a name that does not exist costs its own cells, not the whole plot
        option(f"{PREFIX} Adapter", str, _setter("adapter"), choices=adapter_names),
        option(f"{PREFIX} Method", str, _setter("method"), choices=method_names),
        *_method_axes(option),
        option(f"{PREFIX} Card", str, _setter("card"), choices=_cards),
        option(f"{PREFIX} Style", str, apply_style, choices=_styles),
    ]


def apply_axis_values(p: Processing, arguments: FaceArguments) -> FaceArguments:
    """``arguments`` with the values of the plot's cell ``p``; raises InputError for a value that cannot be used."""
    values: dict[str, Any] = dict(getattr(p, _ATTRIBUTE, {}))
    error = values.pop(_ERROR, None)
    if error is not None:
        raise error
    if not values:
        return arguments
    first, last = arguments.window
    window = [values.pop("window_start", first), values.pop("window_end", last)]
    checked = FaceArguments.parse(values | {"window": window})
    own = {row.name for row in own_settings()}
    changes = {name: getattr(checked, name) for name in values if name not in own}
    method_settings = {**arguments.method_settings} | {name: checked.value(name) for name in values if name in own}
    return replace(arguments, window=checked.window, **changes, method_settings=method_settings)


def _method_axes(option: Callable[..., T]) -> list[T]:
    """An axis for each method's own setting that is a number or a text."""
    return [
        option(
            f"{PREFIX} {row.label}",
            type(row.default),
            _setter(row.name),
            **({"choices": functools.partial(list, row.choices)} if row.choices else {}),
        )
        for row in own_settings()
        if isinstance(row.default, (int, float, str)) and not isinstance(row.default, bool)
    ]


def apply_style(p: Processing, value: str, _values: object) -> None:
    """Add a style's prompts to those of ``p``, and its LoRA where the host has it.

    A style that does not exist is reported when the cell is made, which is then without the face; a LoRA that cannot be
    applied is named below the plot.
    """
    from facechain_ext.recipes.job import Lora

    try:
        style = _style(value)
    except FaceChainError as error:
        _setter(_ERROR)(p, error, _values)
        return
    file = find_lora(style.lora, loras.folders()) if style.lora is not None else None
    prompts = [p.prompt, style.prompt if file is None else style.positive]
    if style.lora is not None:
        reason = f"there is no {style.lora.file} in the webui's folders."
        try:
            prompts += [loras.prompt_tag(Lora(file, style.lora.weight))] if file is not None else []
        except HostError as error:
            file, reason = None, str(error)
        if file is None:
            log.warning("the style %s is applied without its LoRA: %s", style.en, reason)
            p.comment(f"FaceChain: the style {style.en} is applied without its LoRA: {reason}")
    p.prompt = ", ".join(prompt for prompt in prompts if prompt)
    p.negative_prompt = ", ".join(prompt for prompt in (p.negative_prompt, style.full_negative) if prompt)


def _setter(name: str) -> Callable[[Processing, object, object], None]:
    def apply(p: Processing, value: object, _values: object) -> None:
        setattr(p, _ATTRIBUTE, {**getattr(p, _ATTRIBUTE, {}), name: value})

    return apply


def _style(value: str) -> Style:
    """The style of this English name or key; raises InputError when there is none."""
    name = value.strip().casefold()
    found = next((style for style in all_styles().values() if name in (style.en.casefold(), style.key)), None)
    if found is None:
        raise InputError(f"There is no style called {value[:60]!r}; the list beside the axis has all of them.")
    return found


def _styles() -> list[str]:
    return [style.en for style in all_styles().values()]


def _cards() -> list[str]:
    from facechain_ext.identity.library import CardLibrary

    return CardLibrary().names()
