"""The manifest: the one we ship is sound, and an unsound one is refused with its reason."""

from __future__ import annotations

import sys

import pytest

from facechain_ext.errors import InputError, WeightsError
from facechain_ext.storage import paths
from facechain_ext.storage.toml import read_toml
from facechain_ext.weights import manifest

GOOD = {
    "title": "A", "purpose": "B", "group": "faces", "licence": "MIT", "commercial": "yes", "save_as": "a/b.safetensors",
    "sources": [{"hub": "modelscope", "repository": "owner/name", "revision": "v1.0", "path": "dir/file.pt"}],
}  # fmt: skip


def with_source(**changes):
    return {**GOOD, "sources": [{**GOOD["sources"][0], **changes}]}


def test_the_good_one_is_good():
    entry = manifest.parse_entry("a-b", GOOD)
    assert (entry.sources[0].name, entry.folder, entry.pickles, entry.megabytes) == ("file.pt", False, "none", 0)


def test_the_one_we_ship():
    entries = manifest.manifest()
    assert {"transface", "adapter-majic", "adapter-film", "facexlib-retinaface", "m2fp", "scrfd"} <= set(entries)
    for entry in entries.values():
        assert entry.purpose.endswith(".")
        if entry.commercial != "unknown":
            assert entry.licence != "unknown", entry.key
        if any(source.name.endswith((".pt", ".pth", ".ckpt", ".bin")) for source in entry.sources):
            assert entry.pickles != "none", f"{entry.key} would be stored without being checked"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({**GOOD, "save_as": "../x"}, "not safe"),
        ({**GOOD, "save_as": "/etc/passwd"}, "not safe"),
        ({**GOOD, "save_as": "a\nb"}, "printable"),
        ({**GOOD, "save_as": "CON"}, "not safe"),
        ({**GOOD, "save_as": "a\\b"}, "not safe"),
        ({**GOOD, "commercial": "perhaps"}, "commercial"),
        ({**GOOD, "pickles": "run"}, "pickles"),
        ({**GOOD, "group": "others"}, "group"),
        ({**GOOD, "megabytes": -1}, "megabytes"),
        ({**GOOD, "megabytes": True}, "megabytes"),
        ({**GOOD, "extra": 1}, "unknown fields"),
        ({**GOOD, "title": ""}, "title"),
        ({**GOOD, "title": "a\x1b[2J"}, "title"),
        ({**GOOD, "sources": []}, "no sources"),
        ({**GOOD, "sources": "x"}, "no sources"),
        ({**GOOD, "sources": ["x"]}, "no table"),
        (with_source(hub="ftp"), "no hub"),
        (with_source(path="../../etc/passwd"), "not safe"),
        (with_source(path="a/../b"), "not safe"),
        (with_source(path=""), "path"),
        (with_source(repository="owner"), "repository"),
        (with_source(repository="../.."), "repository"),
        (with_source(repository="a/..b?c"), "repository"),
        (with_source(revision="../main"), "revision"),
        (with_source(revision="a/../../b"), "revision"),
        (with_source(url="https://x/y"), "address"),
        (with_source(files=["../*"]), "files"),
        (with_source(files="*"), "files"),
        ({**GOOD, "sources": [{"hub": "web", "url": "http://x/y.pth"}]}, "https"),
        ({**GOOD, "sources": [{"hub": "web", "url": "file:///etc/passwd"}]}, "https"),
        ({**GOOD, "sources": [{"hub": "web", "url": "https://x/%2e%2e"}]}, "not safe"),
        ({**GOOD, "sources": [GOOD["sources"][0], {**GOOD["sources"][0], "files": ["*"]}]}, "mixed"),
        ([], "no table"),
    ],
)
def test_invalid_entries_are_refused_with_the_reason(raw, message):
    with pytest.raises(WeightsError, match=message) as caught:
        manifest.parse_entry("a-b", raw)
    assert "'a-b'" in str(caught.value)


@pytest.mark.parametrize("key", ["", "A", "a b", "../a", "a_b", "a--b"])
def test_odd_keys(key):
    with pytest.raises(WeightsError):
        manifest.parse_entry(key, GOOD)


@pytest.mark.parametrize("same", [{"save_as": "A/B.safetensors", "title": "Z"}, {"save_as": "z.safetensors"}])
def test_two_entries_cannot_share_a_file_or_a_title(same):
    with pytest.raises(WeightsError, match="belongs"):
        manifest.parse_manifest({"one": GOOD, "two": {**GOOD, **same}})


def test_an_unknown_key_lists_the_known_ones():
    with pytest.raises(InputError, match="transface"):
        manifest.entry("transfice")


def test_every_place_of_the_manifest_is_safe(tmp_path):
    for entry in manifest.manifest().values():
        assert paths.safe_child(tmp_path, entry.save_as).is_relative_to(tmp_path.resolve())


def test_toml_without_tomllib_and_tomli(tmp_path, monkeypatch):
    """As on the webui's Python 3.10, where the launcher's pip brings the parser."""
    monkeypatch.setitem(sys.modules, "tomllib", None)
    monkeypatch.setitem(sys.modules, "tomli", None)
    (tmp_path / "a.toml").write_text('[x]\ny = "z"\n', encoding="utf-8")
    assert read_toml(tmp_path / "a.toml") == {"x": {"y": "z"}}


@pytest.mark.parametrize("content", [b"[x", b"\xff\xfe", b"a = 1\na = 2\n"])
def test_broken_toml(tmp_path, content):
    (tmp_path / "a.toml").write_bytes(content)
    with pytest.raises(WeightsError, match=r"a\.toml"):
        read_toml(tmp_path / "a.toml", WeightsError)


def test_sizes():
    assert [manifest.format_megabytes(n) for n in (0, 17, 999, 1450)] == ["", "17 MB", "999 MB", "1.4 GB"]
