"""The little HTTP that downloads need: one GET, with redirects that carry no credentials to another host."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.client import HTTPMessage
    from typing import IO

TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as dead."""
MAX_LISTING = 32 * 2**20
"""Bytes of a hub's list of files; the longest known are some 100 KiB."""
_AGENT = "facechain-ext"
_SECRET = ("authorization", "cookie")


class _Redirects(urllib.request.HTTPRedirectHandler):
    max_redirections = 5

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        if new.scheme != "https" and not (new.scheme == old.scheme == "http"):
            raise urllib.error.URLError(f"{old.hostname} redirects to a {new.scheme or 'relative'} address")
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None and new.netloc != old.netloc:
            request.headers = {k: v for k, v in request.headers.items() if k.lower() not in _SECRET}
        return request


def get(url: str, headers: Mapping[str, str] | None = None) -> Any:
    """The open response to a GET, after redirects; raises OSError (HTTPError, URLError) when there is none."""
    request = urllib.request.Request(url, headers={"User-Agent": _AGENT, **(headers or {})})  # noqa: S310 - checked next
    if urlsplit(url).scheme not in ("http", "https"):
        raise urllib.error.URLError(f"{url} is no web address")
    return urllib.request.build_opener(_Redirects).open(request, timeout=TIMEOUT)


def get_json(url: str, headers: Mapping[str, str] | None = None) -> tuple[Any, str]:
    """The JSON at ``url`` and the address of the next page ("" on the last); raises OSError or ValueError."""
    with get(url, headers) as response:
        data = json.loads(response.read(MAX_LISTING))
        following = ""
        for link in (response.headers.get("Link") or "").split(","):
            address, _, relation = link.partition(";")
            if 'rel="next"' in relation:
                following = address.strip().strip("<>")
        if following and urlsplit(following).netloc != urlsplit(url).netloc:
            raise ValueError("the next page is on another host")
        return data, following
