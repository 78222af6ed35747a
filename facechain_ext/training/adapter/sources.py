"""Training photos on disk: one folder for each person, or a tar of such folders (also a webdataset)."""

from __future__ import annotations

import json
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from facechain_ext.errors import PhotoError
from facechain_ext.training_runs.pictures import PICTURE_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Source:
    """One unread photo: its ``person``, its ``name`` below the root, and a function that reads it.

    ``size`` is in bytes. ``caption`` is the text that came with it, or None. ``read`` gives the file's bytes and raises
    OSError or PhotoError where that fails.
    """

    person: str
    name: str
    size: int
    caption: str | None
    read: Callable[[], bytes]


def sources(root: Path) -> Iterator[Source]:
    """The photos of a folder of folders, or of a tar, in the order of their names.

    A person is a folder; photos that lie in the root itself have none and are refused. In a tar without folders a
    person is what the sample's ``.cls`` or the ``person`` of its ``.json`` says. A caption is the ``.txt`` beside a
    photo. Raises PhotoError when ``root`` is not there, is no tar, or has no photo in it.
    """
    if root.is_dir():
        found = _folder(root)
    elif root.is_file():
        found = _tar(root)
    else:
        raise PhotoError(f"There is no folder or tar file {root}; check the path of the photos.")
    if not found:
        raise PhotoError(f"{root} has no photos; put them into one folder for each person, below it.")
    return iter(found)


def _folder(root: Path) -> list[Source]:
    files = sorted(path for path in root.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file())
    loose = [path for path in files if path.parent == root]
    if loose:
        raise PhotoError(
            f"{loose[0].name} and {len(loose) - 1} more lie in {root} itself; put the photos of each person into a "
            "folder of their own, below it."
        )
    return [
        Source(
            path.parent.relative_to(root).as_posix(),
            path.relative_to(root).as_posix(),
            path.stat().st_size,
            _text(path.with_suffix(".txt")),
            path.read_bytes,
        )
        for path in files
    ]


def _text(path: Path) -> str | None:
    if not path.is_file():
        return None
    return " ".join(path.read_text(encoding="utf-8", errors="replace").split()) or None


def _tar(path: Path) -> list[Source]:
    try:
        with tarfile.open(path) as archive:
            members = {m.name: m for m in archive.getmembers() if m.isfile()}
            texts = {
                name: _member(archive, member).decode("utf-8", errors="replace")
                for name, member in members.items()
                if PurePosixPath(name).suffix in {".txt", ".cls", ".json"} and member.size < 1 << 20
            }
    except (tarfile.TarError, OSError, EOFError) as error:
        raise PhotoError(f"{path.name} is no tar file that can be read ({error}); make it again.") from error
    found = []
    for name in sorted(members):
        place = PurePosixPath(name)
        if place.suffix.lower() in PICTURE_SUFFIXES:
            caption = " ".join(texts.get(str(place.with_suffix(".txt")), "").split())
            person = _person(place, texts)
            found.append(Source(person, name, members[name].size, caption or None, _reader(path, name)))
    return found


def _person(place: PurePosixPath, texts: dict[str, str]) -> str:
    """The person in a tar member, from its .json, .cls or folder; raises PhotoError when there is none."""
    facts = texts.get(str(place.with_suffix(".json")))
    if facts is not None:
        try:
            person = json.loads(facts).get("person")
        except (ValueError, AttributeError) as error:
            raise PhotoError(f"{place.with_suffix('.json')} is no JSON object ({error}); correct it.") from error
        if person is not None:
            return str(person)
    label = texts.get(str(place.with_suffix(".cls")), "").strip()
    if label:
        return label
    if place.parent == PurePosixPath():
        raise PhotoError(f"Nothing says whom {place} shows; put it into a folder, or a .cls with the person beside it.")
    return str(place.parent)


def _reader(path: Path, name: str) -> Callable[[], bytes]:
    def read() -> bytes:
        with tarfile.open(path) as archive:
            return _member(archive, archive.getmember(name))

    return read


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    if file is None:
        raise PhotoError(f"{member.name} in the tar is no file; make the tar again.")
    with file:
        return file.read()
