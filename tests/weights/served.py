"""A file of weights that a server on this machine offers, and what is right after it was downloaded."""

from __future__ import annotations

import os

from facechain_ext.weights import manifest, store

CONTENT = os.urandom(3_000_000)


def an_entry(hub="modelscope", path="folder/file.bin.raw", **changes):
    raw = {
        "title": "Test weights", "purpose": "For the test.", "group": "faces", "licence": "MIT", "commercial": "yes",
        "save_as": "sub/file.data", "sources": [{"hub": hub, "repository": "a/b", "revision": "v1", "path": path}],
    }  # fmt: skip
    return manifest.parse_entry("test", {**raw, **changes})


def final():
    from facechain_ext.weights import models_folder

    return models_folder() / "sub" / "file.data"


def assert_right():
    assert final().read_bytes() == CONTENT
    assert not list(final().parent.glob("*.part*"))
    assert [f.state for f in store.verify()] == ["right"]


def assert_none():
    assert not final().exists()
