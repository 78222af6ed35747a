"""Tell plain files from what only looks like one: reading a named pipe or a device may wait for ever."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SPECIAL = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def special_file(path: Path) -> str:
    """What ``path`` is when it is neither a plain file nor a folder ("a named pipe", "a device"), else "".

    Links are followed. Raises OSError when there is nothing at ``path``, ValueError for a path with a null character.
    """
    mode = path.stat().st_mode
    return next((words for is_such, words in _SPECIAL if is_such(mode)), "")
