"""The body of a request: an object in JSON, of a size and within a time that a webui can bear."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, NoReturn

from starlette.requests import ClientDisconnect

from facechain_ext.errors import InputError
from facechain_ext.hosts.webui import settings

if TYPE_CHECKING:
    from starlette.requests import Request

_BODY_SECONDS = 60.0
"""For the whole body of a request: a client that sends slower holds a connection for nothing."""


async def read_object(request: Request) -> dict[str, object]:
    """The object in a request's body.

    Raises HTTPException for a body that is too large (413), too slow (408) or cut off (400), and for anything but an
    object in JSON (422).
    """
    from fastapi import HTTPException

    content = await _read_body(request)
    try:
        return _parse_json(content)
    except InputError as error:
        raise HTTPException(422, str(error)) from error


async def _read_body(request: Request) -> bytes:
    """The body; raises HTTPException for one that is too large (413) or too slow (408)."""
    from fastapi import HTTPException

    limit = settings.max_request_bytes()
    try:
        announced = int(request.headers.get("Content-Length", "0"))
    except ValueError:
        announced = 0
    too_large = HTTPException(413, f"A request has {limit >> 20} MB at most; send smaller photos, or a card.")
    if announced > limit:
        raise too_large

    async def read() -> bytes:
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > limit:
                raise too_large
            parts.append(part)
        return b"".join(parts)

    try:
        return await asyncio.wait_for(read(), _BODY_SECONDS)
    except asyncio.TimeoutError as error:
        raise HTTPException(408, f"The request took over {_BODY_SECONDS:g} seconds to arrive.") from error
    except ClientDisconnect as error:  # nobody reads the answer, but it is no fault of this program either
        raise HTTPException(400, "The request was cut off.") from error


def _parse_json(content: bytes) -> dict[str, object]:
    """The object in a body; raises InputError for anything else."""
    try:
        values = json.loads(content.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"FaceChain: the body is no JSON in UTF-8 ({str(error)[:100]}).") from error
    if not isinstance(values, dict):
        raise InputError("FaceChain: the body is an object, the order.")
    try:
        json.dumps(values, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError("FaceChain: a text holds half of a surrogate pair, which is no character.") from error
    return values


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
