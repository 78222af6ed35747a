"""Registration of callbacks with the host, without the search for the file that registers them.

The host's own ``on_...`` functions find that file by reading the source of every frame of the call stack, which took
0.06 s for each callback of AUTOMATIC1111's webui 1.10.1: two thirds of the time that ``scripts/facechain.py`` took, and
0.1 to 0.2 s in Forge Classic, which has more modules loaded.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING

from modules import script_callbacks

if TYPE_CHECKING:
    from collections.abc import Callable

    Callback = Callable[..., object]

_ENTRY = ["script", "callback"]
"""The fields of an entry of the host's lists where it has no others."""


def late(module: str, name: str) -> Callback:
    """The function ``name`` of a module beside this one, which is imported when the host first calls it."""

    def call(*args: object, **kwargs: object) -> object:
        function: Callback = getattr(import_module(f"{__package__}.{module}"), name)
        return function(*args, **kwargs)

    return call


def add_callback(category: str, function: Callback, filename: str) -> None:
    """Have the host call ``function`` at the event ``category``, such as "cfg_denoiser" or "ui_tabs".

    ``filename`` is the file of the extension that the host names in its settings. Forge Classic's own function takes
    none, so its entry is added as it adds them. Other hosts register it by their own function for the category.
    """
    host_function: Callback | None = getattr(script_callbacks, "add_callback", None)
    callbacks = getattr(script_callbacks, "callback_map", {}).get(f"callbacks_{category}")
    entry: Callback | None = getattr(script_callbacks, "ScriptCallback", None)
    if host_function is not None and callbacks is not None and _takes_filename(host_function):
        host_function(callbacks, function, category=category, filename=filename)
    elif entry is not None and callbacks is not None and list(inspect.signature(entry).parameters) == _ENTRY:
        callbacks.append(entry(filename, function))
    else:
        getattr(script_callbacks, f"on_{category}")(function)


def _takes_filename(function: Callback) -> bool:
    return {"category", "filename"} <= set(inspect.signature(function).parameters)
