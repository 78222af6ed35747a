"""Files that the page takes and shows: only uploaded ones are read, and new ones lie where gradio keeps uploads."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from facechain_ext.errors import InputError, PhotoError
from facechain_ext.identity.library import CardLibrary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from facechain_ext.identity import Identity

_MAX_BYTES = 512 << 20
"""Of a file: ten minutes of a recording in the best quality have a fifth of it."""


@dataclass(frozen=True)
class UploadedSources:
    """The references of the page's requests: uploaded files by what they are, and cards by name."""

    files: Mapping[str, Path] = field(default_factory=dict)

    def picture(self, reference: str) -> bytes:
        """The content of an uploaded file; raises InputError for one that is too large."""
        path = self.files[reference]
        size = path.stat().st_size
        if size > _MAX_BYTES:
            raise InputError(f"{path.name} has {size >> 20} MB; give a file of at most {_MAX_BYTES >> 20}.")
        return path.read_bytes()

    def card(self, reference: str) -> tuple[str, Identity]:
        """A card of the library; raises InputError where there is none, WeightsError for a damaged one."""
        return reference, CardLibrary().load(reference)


def upload_folder() -> Path:
    """Where gradio keeps uploads, and from where a page may show files."""
    return Path(os.environ.get("GRADIO_TEMP_DIR") or Path(tempfile.gettempdir(), "gradio"))


def uploaded_path(file: object, folders: Iterable[Path | str] = ()) -> Path:
    """The path of an uploaded file, given as gradio does (an object with a name, or a path).

    ``folders`` are upload folders beside gradio's own. Raises PhotoError for a file outside of them.
    """
    path = str(getattr(file, "name", file))
    try:
        wanted = Path(path).resolve()
        good = (
            any(wanted.is_relative_to(Path(root).resolve()) for root in (upload_folder(), *folders))
            and wanted.is_file()
        )
    except (OSError, ValueError):
        good = False
    if not good:
        raise PhotoError("Only uploaded photos are read, no other files of this machine; upload the photo.")
    return Path(path)


def temporary_file(name: str, content: bytes) -> Path:
    """A file in a new folder among the uploads, so that the page may show it."""
    own = upload_folder()
    own.mkdir(parents=True, exist_ok=True)
    path = Path(tempfile.mkdtemp(prefix="facechain-", dir=own)) / name
    path.write_bytes(content)
    return path
