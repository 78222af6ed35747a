"""Ends events of this page whose browser was closed, so that the webui can reload its page.

gradio 3 notices a closed browser only when a message cannot be sent; it then drops the event of a generator, or one in
the queue, without closing its websocket. The handler of that websocket never ends, and closing the server waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol

from facechain_ext.ui.background_task import stop_all

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import gradio as gr

P = ParamSpec("P")

log = logging.getLogger(__name__)

_PACKAGE = "facechain_ext."
_PROBE_SECONDS = 10.0
"""Seconds for a browser to receive a message; gradio gives up after one second, which a busy machine may exceed."""


class _Websocket(Protocol):
    """The connection to a browser."""

    async def send_json(self, data: object) -> None:
        """Send a message."""


class _Event(Protocol):
    """An event in gradio 3's queue; gradio 4's has no websocket."""

    fn_index: int
    websocket: _Websocket

    async def disconnect(self) -> None:
        """Close its websocket."""


def end_abandoned_events(blocks: gr.Blocks, _app: object) -> None:
    """Close the websocket of every event of this page whose browser was closed; does nothing in gradio 4.

    The event of a browser that was only slow continues, where gradio would drop it and leave its page waiting.
    """
    queue = getattr(blocks, "_queue", None)
    send: Callable[..., Awaitable[bool]] | None = getattr(queue, "send_message", None)
    functions = getattr(blocks, "fns", None)
    if queue is None or send is None or not isinstance(functions, list):
        return
    queue.send_message = _ending(send, functions)


def _ending(
    send: Callable[Concatenate[_Event, P], Awaitable[bool]], functions: list[object]
) -> Callable[Concatenate[_Event, P], Awaitable[bool]]:
    """``send``, followed by the end of an event of this page that could not be sent to."""

    async def send_or_end(event: _Event, /, *args: P.args, **kwargs: P.kwargs) -> bool:
        sent = await send(event, *args, **kwargs)
        if not sent and hasattr(event, "websocket") and _is_of_package(functions, event.fn_index):
            if await _is_connected(event.websocket):
                return True
            log.info("a browser was closed: its event %s is ended", event.fn_index)
            with contextlib.suppress(Exception):  # the close frame cannot be delivered; the event counts as closed
                await event.disconnect()
        return sent

    return send_or_end


def stop_tasks() -> None:
    """Stop the tasks of a page that is about to be removed, from which they could not be seen or stopped any more."""
    stopped = stop_all()
    if stopped:
        log.info("the page is removed: stopping %d running tasks", stopped)


async def _is_connected(websocket: _Websocket) -> bool:
    """Whether a browser still receives messages; its page ignores one of an unknown kind."""
    try:
        await asyncio.wait_for(websocket.send_json({"msg": "heartbeat"}), _PROBE_SECONDS)
    except Exception:  # noqa: BLE001 - each server has its own errors for a closed connection
        return False
    return True


def _is_of_package(functions: list[object], index: int) -> bool:
    function = getattr(functions[index], "fn", None) if 0 <= index < len(functions) else None
    return str(getattr(function, "__module__", "")).startswith(_PACKAGE)
