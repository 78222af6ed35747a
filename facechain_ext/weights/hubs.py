"""Where a source's files are on its hub, how large they are and which digest the hub states for them."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from facechain_ext.errors import WeightsError
from facechain_ext.weights.http import get_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from facechain_ext.weights.manifest import Source

MAX_FILES = 1000
"""Files of one folder that is fetched; the largest in the manifest has some 20."""


class SourceError(WeightsError):
    """A hub answers, but not with the files of the source; another source may have them."""


@dataclass(frozen=True)
class Remote:
    """One file that can be fetched.

    ``name`` is its path relative to what was asked for; ``size`` is in bytes, None when the server does not say.
    ``sha256`` and ``git`` (sha1 of the git blob, which Hugging Face states for small files) are hexadecimal or empty.
    ``headers`` go with the request and may hold a token, so they are not shown.
    """

    url: str
    name: str
    size: int | None = None
    sha256: str = ""
    git: str = ""
    headers: dict[str, str] = field(default_factory=dict, repr=False)


def endpoint(hub: str) -> str:
    """The address of a hub: $MODELSCOPE_ENDPOINT or $HF_ENDPOINT, as in the hubs' libraries, else the public one."""
    if hub == "modelscope":
        named = os.environ.get("MODELSCOPE_ENDPOINT") or "https://www.modelscope.cn"
    else:
        named = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    return (named if "://" in named else f"https://{named}").rstrip("/")


def page(source: Source) -> str:
    """The page where a person finds the source's files."""
    if source.hub == "web":
        return source.url
    folder = "/models" if source.hub == "modelscope" else ""
    return f"{endpoint(source.hub)}{folder}/{source.repository}"


def locate(source: Source) -> list[Remote]:
    """The files of a source as its hub lists them now; at least one.

    Raises OSError when the hub does not answer, and SourceError when it answers without the files.
    """
    if source.hub == "web":
        return [Remote(source.url, source.name)]
    list_files = _modelscope if source.hub == "modelscope" else _huggingface
    try:
        found = list(list_files(source))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceError(f"{source} answers with something unexpected ({error}). Try again later.") from error
    if not found:
        raise SourceError(f"{source} has no such file. Look at {page(source)}.")
    if len(found) > MAX_FILES:
        raise SourceError(f"{source} has {len(found)} files, far more than expected. Look at {page(source)}.")
    return found


def _wanted(source: Source, path: str) -> str | None:
    """The name under which the file at ``path`` is wanted, or None."""
    if not source.files:
        return source.name if path == source.path else None
    prefix = f"{source.path}/" if source.path else ""
    if not path.startswith(prefix):
        return None
    name = path[len(prefix) :]
    hidden = any(part.startswith(".") for part in name.split("/"))
    return name if not hidden and any(fnmatchcase(name.split("/")[-1], p) for p in source.files) else None


def _modelscope(source: Source) -> Iterable[Remote]:
    headers = _token_headers("modelscope")
    base = f"{endpoint('modelscope')}/api/v1/models/{quote(source.repository)}/repo"
    data, _ = get_json(f"{base}/files?{urlencode({'Revision': source.revision, 'Recursive': 'true'})}", headers)
    for item in data["Data"]["Files"]:
        name = _wanted(source, item["Path"])
        if item.get("Type") != "tree" and name is not None:
            url = f"{base}?{urlencode({'Revision': source.revision, 'FilePath': item['Path']})}"
            yield Remote(url, name, _size(item.get("Size")), _hex(item.get("Sha256"), 64), headers=headers)


def _huggingface(source: Source) -> Iterable[Remote]:
    headers = _token_headers("huggingface")
    base = f"{endpoint('huggingface')}/{quote(source.repository)}/resolve/{quote(source.revision)}"
    folder = source.path if source.files else source.path.rpartition("/")[0]
    below = f"/{quote(folder)}" if folder else ""
    tree = f"{endpoint('huggingface')}/api/models/{quote(source.repository)}/tree/{quote(source.revision)}{below}"
    following = f"{tree}?recursive=true" if source.files else tree
    pages = 0
    while following and pages < MAX_FILES:
        data, following = get_json(following, headers)
        pages += 1
        for item in data:
            name = _wanted(source, item["path"])
            if item.get("type") == "file" and name is not None:
                large = item.get("lfs") or {}
                yield Remote(
                    f"{base}/{quote(item['path'])}",
                    name,
                    _size(large.get("size", item.get("size"))),
                    _hex(large.get("oid"), 64),
                    "" if large else _hex(item.get("oid"), 40),
                    headers,
                )


def _size(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _hex(value: Any, length: int) -> str:
    text = value.lower() if isinstance(value, str) else ""
    return text if len(text) == length and set(text) <= set("0123456789abcdef") else ""


def _token_headers(hub: str) -> dict[str, str]:
    """The user's own login for a hub, from the environment or from the hub's client library where it is installed."""
    if hub == "modelscope":
        token = os.environ.get("MODELSCOPE_API_TOKEN")
        return {"Cookie": f"m_session_id={token}"} if token else {}
    token = os.environ.get("HF_TOKEN")
    if not token and importlib.util.find_spec("huggingface_hub"):
        import huggingface_hub  # noqa: PLC0415 - slow to import, and optional

        # get_token came with version 0.17; with an older one only $HF_TOKEN counts.
        token = getattr(huggingface_hub, "get_token", lambda: None)()
    return {"Authorization": f"Bearer {token}"} if token else {}
