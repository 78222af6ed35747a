"""Public names of a package whose modules are loaded when a name is first asked for.

A webui waits for every import at its start, and torch and the image libraries take seconds.
"""

from __future__ import annotations

import logging
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from facechain_ext.errors import FaceChainError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

log = logging.getLogger(__name__)


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
        try:
            module = import_module(self.__name__)
        except Exception as error:  # whatever fails in it, who asked gets a sentence to show
            log.exception("%s could not be loaded", self.__name__)
            reason = f"{type(error).__name__}: {error}"
            raise FaceChainError(
                f"Part of FaceChain could not be loaded: {reason}. The console has the details."
            ) from error
        return getattr(module, name)


def late_module(name: str) -> ModuleType:
    """A stand-in for the module ``name``, which is imported when an attribute is first asked for.

    For what event handlers need, as a webui waits at its start for every import of the page; one that fails raises
    FaceChainError, which the handlers show. Type checkers see the module itself::

        if TYPE_CHECKING:
            from facechain_ext.ui.train import captions
        else:
            captions = late_module("facechain_ext.ui.train.captions")
    """
    return _LateModule(name)
