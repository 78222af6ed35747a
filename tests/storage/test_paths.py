"""Names that other people chose become paths that stay inside their folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facechain_ext.errors import InputError
from facechain_ext.storage.paths import safe_child, safe_name


@pytest.mark.parametrize(
    "name", ["a.safetensors", "Ann-Marie", "张三", "été 2024", "👩\u200d🚀", "a..b", "COM10", "console.txt", "x" * 255]
)
def test_good_names(tmp_path, name):
    assert safe_name(name) == name
    assert safe_child(tmp_path, name) == tmp_path.resolve() / name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/../../x", "/etc/passwd", "C:\\x", "a\\b", "CON", "con.txt", "Nul", "lpt1.safetensors",
     "COM¹", "a\nb", "a\x00b", "a\x1b[2J", "\u202egnp.exe", "a\u200b", "x ", "x.", " x", ".hidden", "a//b", "a/", "a?b",
     "a*", "x" * 256, "é" * 128, "x" * 300, "\ud800"],
)  # fmt: skip
def test_names_that_could_lead_elsewhere_or_nowhere(tmp_path, name):
    with pytest.raises(InputError) as caught:
        safe_child(tmp_path, name)
    message = str(caught.value)
    assert message.endswith(".")
    assert message.isprintable()
    assert len(message) < 160


@given(st.text())
def test_no_text_at_all_leaves_the_folder(name):
    root = Path("/tmp/facechain-never-made")
    try:
        path = safe_child(root, name)
    except InputError:
        return
    assert path.is_relative_to(root)
    assert path != root


def test_parts_and_links(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "out").symlink_to(outside)
    (root / "in").symlink_to(root / "there")
    (root / "file").symlink_to(outside / "secret")
    assert safe_child(root, "a/b.bin") == root.resolve() / "a" / "b.bin"
    assert safe_child(root, "in/x") == root.resolve() / "there" / "x"
    for name in ("out/x", "out", "file"):
        with pytest.raises(InputError, match="link"):
            safe_child(root, name)
