"""Listings of hubs: the URL, size and digest of each of a source's files."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from facechain_ext.errors import WeightsError
from facechain_ext.weights.http import get_json
from facechain_ext.weights.manifest import hub_endpoint, source_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from facechain_ext.weights.manifest import Source

MAX_FILES = 1000
"""Most files of one folder; the largest in the manifest has about 20."""


class SourceError(WeightsError):
    """A hub answered, but without the files of the source; another source may have them."""


@dataclass(frozen=True)
class RemoteFile:
    """One file that can be downloaded.

    ``name`` is its path relative to the source; ``size`` is in bytes, None when the server does not state it.
    ``sha256`` and ``git`` (sha1 of the git blob, which Hugging Face states for small files) are hexadecimal or empty.
    ``headers`` go with the request and may hold a token, so they are not shown.
    """

    url: str
    name: str
    size: int | None = None
    sha256: str = ""
    git: str = ""
    headers: dict[str, str] = field(default_factory=dict, repr=False)


def list_files(source: Source) -> list[RemoteFile]:
    """The files of a source, at least one, as its hub lists them now.

    Raises OSError when the hub does not answer, SourceError when it answers without the files.
    """
    if source.hub == "web":
        return [RemoteFile(source.url, source.name)]
    list_hub = _list_modelscope if source.hub == "modelscope" else _list_huggingface
    try:
        found = list(list_hub(source))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceError(f"{source} answers with something unexpected ({error}). Try again later.") from error
    if not found:
        raise SourceError(f"{source} has no such file. Look at {source_page(source)}.")
    if len(found) > MAX_FILES:
        raise SourceError(f"{source} has {len(found)} files, far more than expected. Look at {source_page(source)}.")
    return found


def _name_in_source(source: Source, path: str) -> str | None:
    """The name, relative to the source, of the repository's file at ``path``; None when it does not belong to it."""
    if not source.files:
        return source.name if path == source.path else None
    prefix = f"{source.path}/" if source.path else ""
    if not path.startswith(prefix):
        return None
    name = path[len(prefix) :]
    hidden = any(part.startswith(".") for part in name.split("/"))
    return name if not hidden and any(fnmatchcase(name.split("/")[-1], p) for p in source.files) else None


def _list_modelscope(source: Source) -> Iterator[RemoteFile]:
    headers = _token_headers("modelscope")
    base = f"{hub_endpoint('modelscope')}/api/v1/models/{quote(source.repository)}/repo"
    data, _ = get_json(f"{base}/files?{urlencode({'Revision': source.revision, 'Recursive': 'true'})}", headers)
    for item in _tables(_table(_table(data)["Data"])["Files"]):
        path = str(item["Path"])
        name = _name_in_source(source, path)
        if item.get("Type") != "tree" and name is not None:
            url = f"{base}?{urlencode({'Revision': source.revision, 'FilePath': path})}"
            yield RemoteFile(url, name, _size(item.get("Size")), _hex(item.get("Sha256"), 64), headers=headers)


def _list_huggingface(source: Source) -> Iterator[RemoteFile]:
    headers = _token_headers("huggingface")
    base = f"{hub_endpoint('huggingface')}/{quote(source.repository)}/resolve/{quote(source.revision)}"
    folder = source.path if source.files else source.path.rpartition("/")[0]
    below = f"/{quote(folder)}" if folder else ""
    tree = f"{hub_endpoint('huggingface')}/api/models/{quote(source.repository)}/tree/{quote(source.revision)}{below}"
    next_url = f"{tree}?recursive=true" if source.files else tree
    pages = 0
    while next_url and pages < MAX_FILES:
        data, next_url = get_json(next_url, headers)
        pages += 1
        for item in _tables(data):
            path = str(item["path"])
            name = _name_in_source(source, path)
            if item.get("type") == "file" and name is not None:
                large = _table(item.get("lfs") or {})
                yield RemoteFile(
                    f"{base}/{quote(path)}",
                    name,
                    _size(large.get("size", item.get("size"))),
                    _hex(large.get("oid"), 64),
                    "" if large else _hex(item.get("oid"), 40),
                    headers,
                )


def _table(value: object) -> dict[str, object]:
    """A JSON object; raises TypeError for any other value."""
    if not isinstance(value, dict):
        raise TypeError(f"{type(value).__name__} in place of an object")
    return value


def _tables(value: object) -> list[dict[str, object]]:
    """A JSON array of objects; raises TypeError for any other value."""
    if not isinstance(value, list):
        raise TypeError(f"{type(value).__name__} in place of a list")
    return [_table(item) for item in value]


def _size(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _hex(value: object, length: int) -> str:
    text = value.lower() if isinstance(value, str) else ""
    return text if len(text) == length and set(text) <= set("0123456789abcdef") else ""


def _token_headers(hub: str) -> dict[str, str]:
    """The user's login for a hub, from the environment or from the hub's client library if it is installed."""
    if hub == "modelscope":
        token = os.environ.get("MODELSCOPE_API_TOKEN")
        return {"Cookie": f"m_session_id={token}"} if token else {}
    token = os.environ.get("HF_TOKEN")
    if not token and importlib.util.find_spec("huggingface_hub"):
        import huggingface_hub  # noqa: PLC0415 - slow to import, and optional

        # get_token came with version 0.17; with an older one only $HF_TOKEN counts.
        token = getattr(huggingface_hub, "get_token", lambda: None)()
    return {"Authorization": f"Bearer {token}"} if token else {}
