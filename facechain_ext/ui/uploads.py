"""Accepting only files that were uploaded through the page."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from facechain_ext.errors import PhotoError

if TYPE_CHECKING:
    from collections.abc import Iterable


def uploaded_path(file: object, folders: Iterable[Path | str] = ()) -> Path:
    """The path of an uploaded file, given as gradio does (an object with a name, or a path).

    ``folders`` are upload folders beside gradio's own. Raises PhotoError for a file outside of them.
    """
    path = str(getattr(file, "name", file))
    own = os.environ.get("GRADIO_TEMP_DIR") or Path(tempfile.gettempdir(), "gradio")
    try:
        wanted = Path(path).resolve()
        good = any(wanted.is_relative_to(Path(root).resolve()) for root in (own, *folders)) and wanted.is_file()
    except (OSError, ValueError):
        good = False
    if not good:
        raise PhotoError("Only uploaded photos are read, no other files of this machine; upload the photo.")
    return Path(path)
