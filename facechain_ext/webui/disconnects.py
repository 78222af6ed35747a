"""Ends an event of this page whose browser was closed, so that the webui can reload its page.

gradio 3 notices a closed browser only when it cannot send; it then drops a generator's event, or one that still waits,
without closing its websocket. The handler of that websocket never ends, and a server that is to be closed waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any

from facechain_ext.page.working import stop_all

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

_OURS = "facechain_ext."
_PROBE_SECONDS = 10.0
"""How long a browser may take to be sent a word; gradio gives up after one second, which a busy machine needs too."""


def watch(blocks: Any, _app: Any) -> None:
    """Close the websocket of every event of ours whose browser has gone; gradio 4, which has none, is left alone.

    One that was only slow to be sent to goes on, where gradio would drop it and leave its page waiting.
    """
    queue = getattr(blocks, "_queue", None)
    send: Callable[..., Awaitable[bool]] | None = getattr(queue, "send_message", None)
    functions = getattr(blocks, "fns", None)
    if queue is None or send is None or not isinstance(functions, list):
        return

    async def send_or_end(event: Any, *args: Any, **kwargs: Any) -> bool:
        sent = await send(event, *args, **kwargs)
        if not sent and hasattr(event, "websocket") and _is_ours(functions, event.fn_index):
            if await _answers(event.websocket):
                return True
            log.info("a browser has gone: its event %s is ended", event.fn_index)
            with contextlib.suppress(Exception):  # the close frame has nobody to go to; the event counts as closed
                await event.disconnect()
        return sent

    queue.send_message = send_or_end


def stop_work() -> None:
    """Stop what runs for a page that is about to be taken away: nobody can see or stop it any more."""
    stopped = stop_all()
    if stopped:
        log.info("the page is taken away: stopping %d running tasks", stopped)


async def _answers(websocket: Any) -> bool:
    """Whether a browser can still be sent to; it passes over words that it does not know."""
    try:
        await asyncio.wait_for(websocket.send_json({"msg": "heartbeat"}), _PROBE_SECONDS)
    except Exception:  # noqa: BLE001 - each server has errors of its own for a browser that has gone
        return False
    return True


def _is_ours(functions: list[Any], index: int) -> bool:
    function = getattr(functions[index], "fn", None) if 0 <= index < len(functions) else None
    return str(getattr(function, "__module__", "")).startswith(_OURS)
