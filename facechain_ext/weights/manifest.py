"""The manifest: every file that this project can download, parsed from ``models/manifest.toml`` and checked."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Literal, cast
from urllib.parse import unquote, urlsplit

from facechain_ext.errors import InputError, WeightsError
from facechain_ext.storage.paths import safe_name
from facechain_ext.storage.toml import read_toml

Hub = Literal["modelscope", "huggingface", "web"]
PicklePolicy = Literal["none", "convert", "check"]
"""What to do with files of torch.save: there are none, convert to safetensors, or read safely once and keep."""
Table = dict[str, object]

HUBS = ("modelscope", "huggingface", "web")
GROUPS = {
    "portrait": "Portraits: the method itself",
    "sdxl": "Portraits on SDXL",
    "base": "Base models (in the webui: your own checkpoint)",
    "style": "Styles",
    "pose": "Pose",
    "template": "Template portraits",
    "faces": "Faces",
    "faces-extra": "Faces, optional providers",
    "speed": "Speed",
}
_IN_CHECKOUT = Path(__file__).parents[2] / "models" / "manifest.toml"
_INSTALLED = Path(sys.prefix) / "share" / "facechain" / "manifest.toml"
MANIFEST = _IN_CHECKOUT if _IN_CHECKOUT.is_file() or not _INSTALLED.is_file() else _INSTALLED
"""Beside the package in a checkout, as in a webui; a wheel installs it below the environment's prefix."""

_KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_REVISION = re.compile(r"[A-Za-z0-9][\w.-]*")
_PATTERN = re.compile(r"[\w.*-]+")


@dataclass(frozen=True)
class Source:
    """One source of an entry: a file of a hub's repository, a folder of it, or a URL.

    ``files`` is empty for a single file; otherwise the patterns, with ``*``, of the files of the folder ``path``.
    """

    hub: Hub
    repository: str = ""
    revision: str = ""
    path: str = ""
    files: tuple[str, ...] = ()
    url: str = ""

    @property
    def name(self) -> str:
        """The name of the file or folder; the repository's when the folder is all of it."""
        if self.url:
            return unquote(urlsplit(self.url).path).rsplit("/", 1)[-1]
        return (self.path or self.repository).rsplit("/", 1)[-1]

    def __str__(self) -> str:
        if self.url:
            return self.url
        return f"{self.hub}: {self.repository}@{self.revision}" + (f" {self.path}" if self.path else "")


@dataclass(frozen=True)
class Entry:
    """One entry of the manifest: a file or a folder of files, with its purpose and terms.

    ``save_as`` is the path below the models folder. ``megabytes`` is the approximate size of the download, 0 if
    unknown. ``code`` is True when the repository contains Python that its library executes.
    """

    key: str
    title: str
    purpose: str
    group: str
    licence: str
    commercial: Literal["yes", "no", "unknown"]
    save_as: str
    sources: tuple[Source, ...]
    pickles: PicklePolicy = "none"
    megabytes: int = 0
    note: str = ""
    code: bool = False

    @property
    def folder(self) -> bool:
        """True when the entry is a folder of files."""
        return bool(self.sources[0].files)


def parse_source(raw: object, where: str) -> Source:
    """The Source of one table; raises WeightsError, with ``where`` as its name, for an invalid one."""
    if not isinstance(raw, dict) or not all(isinstance(key, str) for key in raw):
        raise _invalid(where, "its source is no table")
    _check_fields(raw, {field.name for field in fields(Source)}, where)
    hub = _text(raw, "hub", where)
    if hub not in HUBS:
        raise _invalid(where, f"there is no hub called {hub!r}")
    if hub == "web":
        url = _text(raw, "url", where)
        if urlsplit(url).scheme != "https" or set(raw) != {"hub", "url"} or not url.isprintable():
            raise _invalid(where, "a source of the web needs an https address and nothing else")
        source = Source("web", url=url)
    else:
        files = raw.get("files", [])
        if not isinstance(files, list) or not all(isinstance(f, str) and _PATTERN.fullmatch(f) for f in files):
            raise _invalid(where, "files must be a list of names")
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
            raise _invalid(where, "only a source of the web has an address")
    _check_path(source.name, where)
    return source


def parse_entry(key: str, raw: object) -> Entry:
    """The Entry of one table of the manifest; raises WeightsError for an invalid one."""
    where = f"manifest entry {key!r}"
    if not _KEY.fullmatch(key) or not isinstance(raw, dict):
        raise _invalid(where, "it is no table with a key of small letters, digits and hyphens")
    _check_fields(raw, {field.name for field in fields(Entry)} - {"key"}, where)
    sources = raw.get("sources")
    if not isinstance(sources, list) or not sources:
        raise _invalid(where, "it has no sources")
    parsed = tuple(parse_source(source, where) for source in sources)
    if len({bool(source.files) for source in parsed}) != 1:
        raise _invalid(where, "its sources are files and folders mixed")
    commercial, pickles = raw.get("commercial"), raw.get("pickles", "none")
    if commercial not in ("yes", "no", "unknown"):
        raise _invalid(where, 'commercial must be "yes", "no" or "unknown"')
    if pickles not in ("none", "convert", "check"):
        raise _invalid(where, 'pickles must be "none", "convert" or "check"')
    group = raw.get("group")
    if not isinstance(group, str) or group not in GROUPS:
        raise _invalid(where, f"there is no group {group!r}")
    size, code = raw.get("megabytes", 0), raw.get("code", False)
    if not isinstance(size, int) or isinstance(size, bool) or size < 0 or not isinstance(code, bool):
        raise _invalid(where, "megabytes must be a positive number and code true or false")
    save_as = _text(raw, "save_as", where)
    _check_path(save_as, where)
    return Entry(
        key,
        _text(raw, "title", where),
        _text(raw, "purpose", where),
        group,
        _text(raw, "licence", where),
        commercial,
        save_as,
        parsed,
        pickles,
        size,
        _text(raw, "note", where, empty=True) if "note" in raw else "",
        code,
    )


def parse_manifest(tables: Table) -> dict[str, Entry]:
    """All entries by key, in the order of the file.

    Raises WeightsError when one is invalid, or two share a path or a title, by which the page offers files.
    """
    entries = {key: parse_entry(key, raw) for key, raw in tables.items()}
    owners: dict[str, str] = {}
    for entry in entries.values():
        for name in (entry.save_as.casefold(), entry.title.casefold()):
            other = owners.setdefault(name, entry.key)
            if other != entry.key:
                raise _invalid(f"manifest entry {entry.key!r}", f"{name} already belongs to {other!r}")
    return entries


@lru_cache(maxsize=1)
def manifest() -> dict[str, Entry]:
    """The entries of ``models/manifest.toml`` by key; raises WeightsError when it is missing or wrong."""
    return parse_manifest(read_toml(MANIFEST, WeightsError))


def entry(key: str) -> Entry:
    """The entry called ``key``; raises InputError, listing the keys, when there is none."""
    found = manifest().get(key)
    if found is None:
        raise InputError(f"No weights are called {key!r}. Choose one of: {', '.join(manifest())}.")
    return found


def hub_endpoint(hub: str) -> str:
    """The base URL of a hub: $MODELSCOPE_ENDPOINT or $HF_ENDPOINT, as the hubs' libraries, else the public one."""
    if hub == "modelscope":
        named = os.environ.get("MODELSCOPE_ENDPOINT") or "https://www.modelscope.cn"
    else:
        named = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    return (named if "://" in named else f"https://{named}").rstrip("/")


def source_page(source: Source) -> str:
    """The URL of the web page that offers the source's files."""
    if source.hub == "web":
        return source.url
    folder = "/models" if source.hub == "modelscope" else ""
    return f"{hub_endpoint(source.hub)}{folder}/{source.repository}"


def format_megabytes(megabytes: int) -> str:
    """A size such as "17 MB" or "1.4 GB"; empty for 0, which stands for an unknown size."""
    if not megabytes:
        return ""
    return f"{megabytes / 1000:.1f} GB" if megabytes >= 1000 else f"{megabytes} MB"


def _text(raw: Table, name: str, where: str, *, empty: bool = False) -> str:
    value = raw.get(name, "" if empty else None)
    if not isinstance(value, str) or not value.isprintable() or (not value.strip() and not empty):
        raise _invalid(where, f"{name} must be printable text")
    return value


def _matching(raw: Table, name: str, pattern: re.Pattern[str], where: str) -> str:
    value = _text(raw, name, where)
    if not pattern.fullmatch(value) or ".." in value:
        raise _invalid(where, f"{name} {value!r} is not of the usual form")
    return value


def _check_path(path: str, where: str) -> None:
    try:
        for part in path.split("/"):
            safe_name(part)
    except InputError as error:
        raise _invalid(where, f"the path {path!r} is not safe: {error}") from error


def _check_fields(raw: Table, names: set[str], where: str) -> None:
    unknown = sorted(set(raw) - names)
    if unknown:
        raise _invalid(where, f"it has unknown fields: {', '.join(map(repr, unknown))}")


def _invalid(where: str, why: str) -> WeightsError:
    return WeightsError(f"The {where} is wrong: {why}. Correct it, or restore the file from the repository.")
