"""Reading TOML on every Python that a host runs."""

from __future__ import annotations

import contextlib
import importlib
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import FaceChainError
from facechain_ext.next_steps import next_steps

if TYPE_CHECKING:
    from pathlib import Path

_PARSERS = ("tomllib", "tomli", "pip._vendor.tomli")
"""Python 3.11 has the first; the webui's Python 3.10 has the last, since its launcher runs on pip."""


def read_toml(path: Path, error: type[FaceChainError] = FaceChainError) -> dict[str, Any]:
    """The tables of a TOML file; raises ``error`` with the file's name when it is missing or no TOML."""
    parser = _parser()
    try:
        text = path.read_text(encoding="utf-8")
        tables: dict[str, Any] = parser.loads(text)
    except FileNotFoundError as missing:
        raise error(f"There is no file {path}. Restore it from the extension's repository.") from missing
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as broken:
        raise error(f"{path.name} cannot be read as TOML ({broken}). Correct it or delete it.") from broken
    return tables


def _parser() -> Any:
    for name in _PARSERS:
        with contextlib.suppress(ImportError):
            return importlib.import_module(name)
    raise FaceChainError(
        f"This Python cannot read TOML; Python 3.11 can, and older ones with tomli. {next_steps().install('tomli')}"
    )
