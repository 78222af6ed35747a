"""Paths from names that other people chose: checked names, paths that stay inside a folder, special files."""

from __future__ import annotations

import stat
import unicodedata
from pathlib import Path

from facechain_ext.errors import InputError

_WINDOWS_DEVICES = frozenset(
    ["CON", "PRN", "AUX", "NUL", "CLOCK$", "CONIN$", "CONOUT$"]
    + [f"{device}{number}" for device in ("COM", "LPT") for number in "0123456789¹²³"]
)
_FORBIDDEN = frozenset('<>:"/\\|?*')
_INVISIBLE_CATEGORIES = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Unicode's control, format and surrogate characters, line and paragraph separators."""
_ZERO_WIDTH_JOINER = "\u200d"
"""A format character that emoji sequences need."""
MAX_NAME_BYTES = 255
"""Longest component of a path in UTF-8: the limit of ext4; APFS and NTFS allow at least as much."""
_SHOWN_CHARACTERS = 40

_SPECIAL_FILES = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def safe_name(name: str) -> str:
    """``name`` unchanged when it is one component of a path that is valid on every system.

    Letters of every script are valid. Raises InputError, naming the reason, for separators, control and invisible
    direction characters, the characters that Windows forbids and its device names (CON, NUL, COM1...), a dot or a space
    at either end, and over 255 bytes.
    """
    shown = name if len(name) <= _SHOWN_CHARACTERS else f"{name[:_SHOWN_CHARACTERS]}…"
    shown = "".join(c if c.isprintable() else "�" for c in shown)
    reason = None
    if not name:
        reason = "is empty"
    elif any(c in _FORBIDDEN for c in name):
        reason = 'contains one of < > : " / \\ | ? *'
    elif any(unicodedata.category(c) in _INVISIBLE_CATEGORIES and c != _ZERO_WIDTH_JOINER for c in name):
        reason = "contains characters that cannot be seen"
    elif name.startswith((".", " ")) or name.endswith((".", " ")):
        reason = "begins or ends with a dot or a space"
    elif name.split(".", maxsplit=1)[0].rstrip().upper() in _WINDOWS_DEVICES:
        reason = "is reserved by Windows"
    elif len(name.encode("utf-8", "surrogatepass")) > MAX_NAME_BYTES:
        reason = f"is longer than {MAX_NAME_BYTES} bytes"
    if reason:
        raise InputError(f"The name “{shown}” {reason}. Choose another name.")
    return name


def safe_child(root: Path | str, name: str) -> Path:
    """The resolved path of ``name`` (components divided by ``/``) below ``root``; the file need not exist.

    Raises InputError when a component is no ``safe_name``, or when a symbolic link leads out of ``root``.
    """
    for component in name.split("/"):
        safe_name(component)
    base = Path(root).resolve()
    path = Path(base, name).resolve()
    if not path.is_relative_to(base) or path == base:
        raise InputError(f"{name} leads out of {base} through a link. Remove the link, or move the file there.")
    return path


def existing_child(root: Path | str, name: str) -> Path | None:
    """``safe_child`` when something is there, else None; raises InputError as it does.

    Only what is there is resolved: that took a sixth of a second for the files of a whole page.
    """
    for component in name.split("/"):
        safe_name(component)
    return safe_child(root, name) if Path(root, name).exists() else None


def special_file(path: Path) -> str:
    """What ``path`` is when reading it might block for ever ("a named pipe", "a device"), else "".

    Follows links. Raises OSError when nothing is at ``path``, ValueError for a path with a null character.
    """
    mode = path.stat().st_mode
    return next((name for matches, name in _SPECIAL_FILES if matches(mode)), "")
