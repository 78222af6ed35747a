"""Text from file names and command lines, which need not be Unicode, on its way into files."""

from __future__ import annotations


def storable(text: str) -> str:
    """``text`` with U+FFFD in place of what UTF-8 cannot hold: bytes of a file name that Python keeps as surrogates."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
