"""Files that a page has uploaded, told from all other files of the machine."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from facechain_ext.errors import PhotoError

if TYPE_CHECKING:
    from collections.abc import Iterable


def uploaded_path(file: object, folders: Iterable[Path | str] = ()) -> Path:
    """The file that the page has uploaded, as gradio hands it over (an object with a name, or its path).

    ``folders`` are where else than in gradio's own folder uploads are kept. Raises PhotoError for a file outside.
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
