"""Public names of a package whose modules are loaded when a name is first asked for.

A webui waits for every import at its start, and torch and the image libraries take seconds.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def lazy_names(package: str, names_by_module: Mapping[str, Sequence[str]]) -> Callable[[str], object]:
    """The ``__getattr__`` (PEP 562) of ``package`` for the names that its modules define.

    ``names_by_module`` has the modules relative to the package. The function raises AttributeError for another name.
    A package has the names in its ``__all__`` too, and imports them for type checkers alone::

        __getattr__ = lazy_names(__name__, {"picture": ("Picture", "read_picture")})
    """
    module_by_name = {name: module for module, names in names_by_module.items() for name in names}

    def load(name: str) -> object:
        if name not in module_by_name:
            raise AttributeError(f"module {package} has no attribute {name}")
        found: object = getattr(import_module(f"{package}.{module_by_name[name]}"), name)
        return found

    return load


class _LateModule(ModuleType):
    """Stands for a module until an attribute is asked for, and hands on to it from then on."""

    def __getattr__(self, name: str) -> object:
        return getattr(import_module(self.__name__), name)


def late_module(name: str) -> ModuleType:
    """A stand-in for the module ``name``, which is imported when an attribute is first asked for.

    For what event handlers need, as a webui waits at its start for every import of the page; type checkers see the
    module itself::

        if TYPE_CHECKING:
            from facechain_ext.ui.train import captions
        else:
            captions = late_module("facechain_ext.ui.train.captions")
    """
    return _LateModule(name)
