"""TOML files, on every Python that a host uses."""

from __future__ import annotations

import contextlib
import importlib
from typing import TYPE_CHECKING, Protocol, cast

from facechain_ext.errors import FaceChainError
from facechain_ext.next_steps import next_steps

if TYPE_CHECKING:
    from pathlib import Path

_PARSERS = ("tomllib", "tomli", "pip._vendor.tomli")
"""Python 3.11 has the first; the webui's Python 3.10 has the last, since its launcher needs pip."""


class _Parser(Protocol):
    """A module with the interface of tomllib."""

    def loads(self, text: str, /) -> dict[str, object]:
        """The tables of a TOML document; raises ValueError."""
        ...


def read_toml(path: Path, error: type[FaceChainError] = FaceChainError) -> dict[str, object]:
    """The tables of a TOML file; raises ``error``, naming the file, when it is missing or no TOML."""
    parser = _import_parser()
    try:
        return parser.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as missing:
        raise error(f"There is no file {path}. Restore it from the extension's repository.") from missing
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as broken:
        raise error(f"{path.name} cannot be read as TOML ({broken}). Correct it or delete it.") from broken


def _import_parser() -> _Parser:
    for name in _PARSERS:
        with contextlib.suppress(ImportError):
            return cast("_Parser", importlib.import_module(name))
    raise FaceChainError(
        f"This Python cannot read TOML; Python 3.11 can, and older ones with tomli. {next_steps().install('tomli')}"
    )
