"""Public names of a package whose modules are loaded when a name is first asked for.

A webui waits for every import at its start, and torch and the image libraries take seconds.
"""

from __future__ import annotations

from importlib import import_module
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
