"""Every text of the interface that never changes, as a browser shows it: what a translation has to cover."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ATTRIBUTES = ("label", "info", "placeholder", "webui_tooltip")
_TAGS = re.compile(r"<style.*?</style>|<[^>]+>", re.DOTALL)

_FILE = re.compile(r"\S+\.(pt|pth|ckpt|safetensors|onnx|tflite)")


def texts_of(blocks) -> set[str]:
    """The texts of a tree of gradio components: labels, hints, buttons, choices, and sentences in HTML."""
    found: set[str] = set()
    for block in blocks.blocks.values():
        for name in _ATTRIBUTES:
            found.add(str(getattr(block, name, None) or ""))
        found.update(_values(block))
    return {text.strip() for text in found if _says_something(text.strip())}


def texts_of_html(content: str) -> set[str]:
    """The texts of what an event writes into the page."""
    return {text.strip() for text in _lines(content) if _says_something(text.strip())}


def _lines(content: str) -> Iterator[str]:
    for line in _TAGS.sub("\n", content).splitlines():
        yield html.unescape(line)


def _values(block) -> Iterator[str]:
    kind = type(block).__name__
    if kind == "Button":
        yield str(block.value or "")
    elif kind in {"HTML", "Markdown"}:
        yield from _lines(str(block.value or ""))
    elif kind in {"Radio", "CheckboxGroup"}:
        for choice in block.choices:
            yield str(choice[0] if isinstance(choice, (list, tuple)) else choice)


def _says_something(text: str) -> bool:
    """Names of files, numbers and signs are the same in every language."""
    return bool(re.search(r"[A-Za-z]{2}", text)) and not re.fullmatch(
        r"\S+\.(pt|pth|ckpt|safetensors|onnx|tflite)", text
    )
