"""The list of all files this project can fetch, read from ``models/manifest.toml`` and checked."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import unquote, urlsplit

from facechain_ext.errors import WeightsError
from facechain_ext.storage.paths import safe_name
from facechain_ext.storage.toml import read_toml

Hub = Literal["modelscope", "huggingface", "web"]
Pickles = Literal["none", "convert", "check"]

HUBS = ("modelscope", "huggingface", "web")
GROUPS = {
    "portrait": "Portraits: the method itself",
    "base": "Base models (in the webui: your own checkpoint)",
    "style": "Styles",
    "pose": "Pose",
    "template": "Template portraits",
    "faces": "Faces",
    "faces-extra": "Faces, optional providers",
    "restore": "Restoring and upscaling (in the webui: the host's own)",
    "speed": "Speed",
}
_BESIDE = Path(__file__).parents[2] / "models" / "manifest.toml"
_INSTALLED = Path(sys.prefix) / "share" / "facechain" / "manifest.toml"
MANIFEST = _BESIDE if _BESIDE.is_file() or not _INSTALLED.is_file() else _INSTALLED
"""In a checkout and so in a webui beside the package; a wheel puts it below the environment."""

_KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_REVISION = re.compile(r"[A-Za-z0-9][\w.-]*")
_PATTERN = re.compile(r"[\w.*-]+")


@dataclass(frozen=True)
class Source:
    """One place a file can come from: a file of a hub's repository, a folder of it, or a plain address.

    ``files`` is empty for a single file; otherwise the names, with ``*``, of what belongs to the folder ``path``.
    """

    hub: Hub
    repository: str = ""
    revision: str = ""
    path: str = ""
    files: tuple[str, ...] = ()
    url: str = ""

    @property
    def name(self) -> str:
        """The file's own name there, or the folder's; the repository's when the folder is the whole of it."""
        if self.url:
            return unquote(urlsplit(self.url).path).rsplit("/", 1)[-1]
        return (self.path or self.repository).rsplit("/", 1)[-1]

    def __str__(self) -> str:
        if self.url:
            return self.url
        return f"{self.hub}: {self.repository}@{self.revision}" + (f" {self.path}" if self.path else "")


@dataclass(frozen=True)
class Entry:
    """One line of the manifest: a file or a folder of files, and everything a user should know before having it.

    ``save_as`` is the path below the models folder. ``megabytes`` is about the size of the download, 0 where unknown.
    ``code`` says that the repository brings Python which its library executes.
    """

    key: str
    title: str
    purpose: str
    group: str
    licence: str
    commercial: Literal["yes", "no", "unknown"]
    save_as: str
    sources: tuple[Source, ...]
    pickles: Pickles = "none"
    megabytes: int = 0
    note: str = ""
    code: bool = False

    @property
    def folder(self) -> bool:
        """True when the entry is a folder of files."""
        return bool(self.sources[0].files)


def parse_source(raw: Any, where: str) -> Source:
    """The checked Source of one table; ``where`` names it in the WeightsError that anything odd raises."""
    if not isinstance(raw, dict) or not all(isinstance(key, str) for key in raw):
        raise _wrong(where, "its source is no table")
    _known(raw, {field.name for field in fields(Source)}, where)
    hub = _text(raw, "hub", where)
    if hub not in HUBS:
        raise _wrong(where, f"there is no hub called {hub!r}")
    if hub == "web":
        url = _text(raw, "url", where)
        if urlsplit(url).scheme != "https" or set(raw) != {"hub", "url"} or not url.isprintable():
            raise _wrong(where, "a source of the web needs an https address and nothing else")
        source = Source("web", url=url)
    else:
        files = raw.get("files", [])
        if not isinstance(files, list) or not all(isinstance(f, str) and _PATTERN.fullmatch(f) for f in files):
            raise _wrong(where, "files must be a list of names")
        path = _text(raw, "path", where, empty=bool(files))
        source = Source(
            cast("Hub", hub),
            _matching(raw, "repository", _REPOSITORY, where),
            _matching(raw, "revision", _REVISION, where),
            path,
            tuple(files),
        )
        _check_path(path, where) if path else None
        if "url" in raw:
            raise _wrong(where, "only a source of the web has an address")
    _check_path(source.name, where)
    return source


def parse_entry(key: str, raw: Any) -> Entry:
    """The checked Entry of one table of the manifest; raises WeightsError for anything odd in it."""
    where = f"manifest entry {key!r}"
    if not _KEY.fullmatch(key) or not isinstance(raw, dict):
        raise _wrong(where, "it is no table with a key of small letters, digits and hyphens")
    _known(raw, {field.name for field in fields(Entry)} - {"key"}, where)
    sources = raw.get("sources")
    if not isinstance(sources, list) or not sources:
        raise _wrong(where, "it has no sources")
    parsed = tuple(parse_source(source, where) for source in sources)
    if len({bool(source.files) for source in parsed}) != 1:
        raise _wrong(where, "its sources are files and folders mixed")
    commercial, pickles = raw.get("commercial"), raw.get("pickles", "none")
    if commercial not in ("yes", "no", "unknown"):
        raise _wrong(where, 'commercial must be "yes", "no" or "unknown"')
    if pickles not in ("none", "convert", "check"):
        raise _wrong(where, 'pickles must be "none", "convert" or "check"')
    if raw.get("group") not in GROUPS:
        raise _wrong(where, f"there is no group {raw.get('group')!r}")
    size, code = raw.get("megabytes", 0), raw.get("code", False)
    if not isinstance(size, int) or isinstance(size, bool) or size < 0 or not isinstance(code, bool):
        raise _wrong(where, "megabytes must be a positive number and code true or false")
    save_as = _text(raw, "save_as", where)
    _check_path(save_as, where)
    return Entry(
        key,
        _text(raw, "title", where),
        _text(raw, "purpose", where),
        raw["group"],
        _text(raw, "licence", where),
        commercial,
        save_as,
        parsed,
        pickles,
        size,
        _text(raw, "note", where, empty=True) if "note" in raw else "",
        code,
    )


def parse_manifest(tables: dict[str, Any]) -> dict[str, Entry]:
    """All entries by key, in the order of the file.

    Raises WeightsError when one is odd, or two share a file or a title: a page offers files by their titles.
    """
    entries = {key: parse_entry(key, raw) for key, raw in tables.items()}
    taken: dict[str, str] = {}
    for entry in entries.values():
        for name in (entry.save_as.casefold(), entry.title.casefold()):
            other = taken.setdefault(name, entry.key)
            if other != entry.key:
                raise _wrong(f"manifest entry {entry.key!r}", f"{name} already belongs to {other!r}")
    return entries


@lru_cache(maxsize=1)
def manifest() -> dict[str, Entry]:
    """The entries of ``models/manifest.toml`` by key; raises WeightsError when it is missing or wrong."""
    return parse_manifest(read_toml(MANIFEST, WeightsError))


def entry(key: str) -> Entry:
    """The entry called ``key``; raises WeightsError that lists the keys there are."""
    found = manifest().get(key)
    if found is None:
        raise WeightsError(f"No weights are called {key!r}. Choose one of: {', '.join(manifest())}.")
    return found


def format_megabytes(megabytes: int) -> str:
    """A size such as "17 MB" or "1.4 GB"; empty for 0, which stands for an unknown size."""
    if not megabytes:
        return ""
    return f"{megabytes / 1000:.1f} GB" if megabytes >= 1000 else f"{megabytes} MB"


def _text(raw: dict[str, Any], name: str, where: str, *, empty: bool = False) -> str:
    value = raw.get(name, "" if empty else None)
    if not isinstance(value, str) or not value.isprintable() or (not value.strip() and not empty):
        raise _wrong(where, f"{name} must be printable text")
    return value


def _matching(raw: dict[str, Any], name: str, pattern: re.Pattern[str], where: str) -> str:
    value = _text(raw, name, where)
    if not pattern.fullmatch(value) or ".." in value:
        raise _wrong(where, f"{name} {value!r} is not of the usual form")
    return value


def _check_path(path: str, where: str) -> None:
    try:
        for part in path.split("/"):
            safe_name(part)
    except WeightsError as error:
        raise _wrong(where, f"the path {path!r} is not safe: {error}") from error


def _known(raw: dict[str, Any], names: set[str], where: str) -> None:
    unknown = sorted(set(raw) - names)
    if unknown:
        raise _wrong(where, f"it has unknown fields: {', '.join(map(repr, unknown))}")


def _wrong(where: str, why: str) -> WeightsError:
    return WeightsError(f"The {where} is wrong: {why}. Correct it, or restore the file from the repository.")
