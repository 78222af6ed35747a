"""A file appears under its name only when it is complete."""

from __future__ import annotations

import os

import pytest

from facechain_ext.storage.atomic_write import atomic_write, remove_temporary_files, temporary_path


def test_the_name_appears_at_the_end_after_the_bytes_are_on_the_disk(tmp_path, monkeypatch):
    path = tmp_path / "folder" / "card.safetensors"
    real, flushed = os.fsync, []

    def fsync(number):
        flushed.append((path.exists(), os.fstat(number).st_size))
        real(number)

    monkeypatch.setattr(os, "fsync", fsync)
    with atomic_write(path) as part:
        part.write_bytes(b"x" * 1000)
        assert not path.exists()
    assert flushed == [(False, 1000)]
    assert path.read_bytes() == b"x" * 1000
    assert [one.name for one in path.parent.iterdir()] == ["card.safetensors"]


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt])
def test_what_fails_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "note.json"
    path.write_text("old")

    def write():
        with atomic_write(path) as part:
            part.write_text("ne")
            raise error

    with pytest.raises(error):
        write()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_writes_nothing_is_an_error_and_no_file(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "a"):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a" * 255, "é" * 127, "名" * 85])
def test_names_as_long_as_a_system_allows(tmp_path, name):
    with atomic_write(tmp_path / name) as part:
        part.write_text("x")
    assert (tmp_path / name).read_text() == "x"


def test_what_a_killed_writer_left_is_found_by_the_name_it_was_for(tmp_path):
    left = temporary_path(tmp_path / "anna")
    other = temporary_path(tmp_path / "bert")
    for path in (left, other):
        path.write_text("half")
    remove_temporary_files(tmp_path / "anna")
    assert list(tmp_path.iterdir()) == [other]


@pytest.mark.parametrize("links", [True, False])
def test_a_new_file_never_takes_the_place_of_another(tmp_path, monkeypatch, links):
    if not links:

        def refuse(*_):
            raise OSError("no links on this file system")

        monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "portrait.png"
    with atomic_write(path, new=True) as part:
        part.write_text("mine")
    assert path.read_text() == "mine"
    with pytest.raises(FileExistsError), atomic_write(path, new=True):
        pytest.fail("what is there already is found before the work")
    other = tmp_path / "other.png"

    def late():
        with atomic_write(other, new=True) as part:
            part.write_text("mine")
            other.write_text("theirs")  # another process is faster

    with pytest.raises(FileExistsError):
        late()
    assert other.read_text() == "theirs"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["other.png", "portrait.png"]
