"""Where the weights live, and names that stay inside that place."""

from __future__ import annotations

import os
import sys
import unicodedata
from pathlib import Path

from facechain_ext.errors import WeightsError

_DEVICES = frozenset(
    ["CON", "PRN", "AUX", "NUL", "CLOCK$", "CONIN$", "CONOUT$"]
    + [f"{kind}{number}" for kind in ("COM", "LPT") for number in "0123456789¹²³"]
)
_FORBIDDEN = frozenset('<>:"/\\|?*')
MAX_NAME_BYTES = 255
"""Of one part of a path, in UTF-8: the limit of ext4, APFS and NTFS alike or stricter."""

_models_folder: Path | None = None


def models_folder() -> Path:
    """The folder of all downloaded models; it may not exist yet.

    What ``set_models_folder`` said, else $FACECHAIN_MODELS_DIR, else the user's data folder of the system.
    """
    if _models_folder is not None:
        return _models_folder
    named = os.environ.get("FACECHAIN_MODELS_DIR")
    return Path(named).expanduser() if named else _data_folder() / "facechain" / "models"


def set_models_folder(path: Path | str | None) -> None:
    """Make ``path`` the models folder of this process; None goes back to the default."""
    global _models_folder  # noqa: PLW0603 - the host decides once, before anything asks
    _models_folder = None if path is None else Path(path).expanduser()


def _data_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")


def safe_name(name: str) -> str:
    """``name`` as one part of a path that works on every system; raises WeightsError, saying why, for any other.

    Letters of every script are fine. Not fine: separators, control and invisible direction characters, the signs that
    Windows forbids, its device names (CON, NUL, COM1...), a leading dot or space, a trailing dot or space, over 255
    bytes.
    """
    shown = name if len(name) <= 40 else f"{name[:40]}…"
    shown = "".join(c if c.isprintable() else "�" for c in shown)
    why = None
    if not name:
        why = "is empty"
    elif any(c in _FORBIDDEN for c in name):
        why = 'contains one of < > : " / \\ | ? *'
    elif any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c != "\u200d" for c in name):
        why = "contains characters that cannot be seen"
    elif name.startswith((".", " ")) or name.endswith((".", " ")):
        why = "begins or ends with a dot or a space"
    elif name.split(".", maxsplit=1)[0].rstrip().upper() in _DEVICES:
        why = "is reserved by Windows"
    elif len(name.encode("utf-8", "surrogatepass")) > MAX_NAME_BYTES:
        why = f"is longer than {MAX_NAME_BYTES} bytes"
    if why:
        raise WeightsError(f"The name “{shown}” {why}. Choose another name.")
    return name


def safe_child(root: Path | str, name: str) -> Path:
    """The path of ``name`` (parts divided by ``/``) below ``root``, resolved; the file need not exist.

    Raises WeightsError when a part is no ``safe_name``, or when a symbolic link on the way leads out of ``root``.
    """
    for part in name.split("/"):
        safe_name(part)
    base = Path(root).resolve()
    path = Path(base, name).resolve()
    if not path.is_relative_to(base) or path == base:
        raise WeightsError(f"{name} leads out of {base} through a link. Remove the link, or move the file there.")
    return path
