"""HTTP GET whose redirects carry no credentials to another host."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.client import HTTPMessage, HTTPResponse
    from typing import IO

TIMEOUT = 30.0
"""Seconds without a byte after which a connection is given up."""
MAX_LISTING = 32 * 2**20
"""Bytes of a hub's list of files; the longest known are some 100 KiB."""
_AGENT = "facechain-ext"
_CREDENTIAL_HEADERS = ("authorization", "cookie")


class _RedirectHandler(urllib.request.HTTPRedirectHandler):
    max_redirections = 5

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        if new.scheme != "https" and not (new.scheme == old.scheme == "http"):
            raise urllib.error.URLError(f"{old.hostname} redirects to a {new.scheme or 'relative'} address")
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None and new.netloc != old.netloc:
            request.headers = {k: v for k, v in request.headers.items() if k.lower() not in _CREDENTIAL_HEADERS}
        return request


def get(url: str, headers: Mapping[str, str] | None = None) -> HTTPResponse:
    """The open response to a GET, after redirects; raises OSError (HTTPError, URLError)."""
    request = urllib.request.Request(url, headers={"User-Agent": _AGENT, **(headers or {})})  # noqa: S310 - checked next
    if urlsplit(url).scheme not in ("http", "https"):
        raise urllib.error.URLError(f"{url} is no web address")
    response = urllib.request.build_opener(_RedirectHandler).open(request, timeout=TIMEOUT)
    return cast("HTTPResponse", response)


def get_json(url: str, headers: Mapping[str, str] | None = None) -> tuple[object, str]:
    """The JSON at ``url`` and the URL of the next page ("" on the last); raises OSError or ValueError."""
    with get(url, headers) as response:
        data: object = json.loads(response.read(MAX_LISTING))
        next_url = ""
        for link in (response.headers.get("Link") or "").split(","):
            address, _, relation = link.partition(";")
            if 'rel="next"' in relation:
                next_url = address.strip().strip("<>")
        if next_url and urlsplit(next_url).netloc != urlsplit(url).netloc:
            raise ValueError("the next page is on another host")
        return data, next_url
