"""The user's folder of templates: pictures by name, added and deleted from the page."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from facechain_ext.errors import PhotoError, WeightsError
from facechain_ext.recipes.template.image import read_template
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.storage.owner import OwnedFolder, Owner, current_owner
from facechain_ext.weights import models_folder, safe_child, safe_name

if TYPE_CHECKING:
    from facechain_ext.faces.types import Pixels

log = logging.getLogger(__name__)

FOLDER = "templates"
"""Name of the gallery's folder below the models folder."""
_SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".mpo", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif", ".heic", ".heif",
    ".ppm", ".pgm", ".tga",
)  # fmt: skip
_SMALL = 160
"""Longer side of a thumbnail in pixels."""

_changing = threading.Lock()
"""Held while a name is looked for and then taken, so that two browsers cannot take the same one."""


@dataclass(frozen=True)
class TemplateGallery:
    """The pictures directly inside ``own_folder``, or (None) those in the models folder that the current owner may see.

    Names are those of their files. Every method that takes a name raises InputError when it is no safe file name.
    """

    own_folder: Path | None = None

    @property
    def folder(self) -> Path:
        """Where new templates are kept; made when the first one is added."""
        return self._folders.own(self._owner)

    @property
    def _owner(self) -> Owner:
        return Owner() if self.own_folder is not None else current_owner()

    @property
    def _folders(self) -> OwnedFolder:
        return OwnedFolder(self.own_folder if self.own_folder is not None else models_folder() / FOLDER)

    def names(self) -> list[str]:
        """The names of all templates, sorted; files that are no pictures by their suffix are not listed."""
        folders = (folder for folder in self._folders.readable(self._owner) if folder.is_dir())
        files = (one for folder in folders for one in folder.iterdir())
        return sorted(
            {one.name for one in files if one.suffix.lower() in _SUFFIXES and one.is_file()}, key=str.casefold
        )

    def path(self, name: str) -> Path:
        """The file of a template; raises PhotoError when there is none."""
        path = self._folders.find(self._owner, safe_name(name))
        if path is None:
            raise PhotoError(f"There is no template called {name} here; choose one of the gallery.")
        return path

    def add(self, file: Path, name: str = "") -> str:
        """Copy a picture into the folder under ``name`` or its own; gives the name, changed when it was taken.

        Raises PhotoError for a file that is no template, WeightsError when it cannot be written; the folder is
        unchanged then.
        """
        wanted = Path(safe_name(name or file.name))
        content = file.read_bytes()
        read_template(content, name=wanted.name)
        if wanted.suffix.lower() not in _SUFFIXES:
            raise PhotoError(f"{wanted.name} is not kept: its name ends in none of {', '.join(_SUFFIXES)}.")
        with _changing:
            folder = self._folders.prepare(self._owner)
            free, number = wanted.name, 2
            while self._folders.find(self._owner, free) is not None:
                free, number = f"{wanted.stem} {number}{wanted.suffix}", number + 1
            path = safe_child(folder, free)
            try:
                with atomic_write(path) as part:
                    part.write_bytes(content)
            except OSError as error:
                raise WeightsError(f"{path} cannot be written ({error}); check the disk and the folder.") from error
        return free

    def delete(self, name: str) -> None:
        """Remove a template; raises PhotoError when there is none."""
        self._folders.remove(self._owner, self.path(name))
        log.info("deleted a template")

    def thumbnail(self, name: str) -> Pixels:
        """The template small; raises PhotoError when its file is no template."""
        picture = Image.fromarray(read_template(self.path(name)).pixels)
        picture.thumbnail((_SMALL, _SMALL))
        return np.asarray(picture)
