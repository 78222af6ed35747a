"""Finished pictures on their way to the disk."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from facechain_ext.errors import InputError
from facechain_ext.hosts.diffusers.interrupts import interrupt_requests
from facechain_ext.hosts.diffusers.output import check_new_file, prepare_folder, save_picture
from facechain_ext.storage.numbered import free_path

PICTURE = Image.new("RGB", (8, 8), "red")


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ([], "portrait-0001.png"),
        (["portrait-0007.png"], "portrait-0008.png"),
        (["portrait-²0.png", "portrait-٣.png", "portrait-x.png", "portrait-.png"], "portrait-0001.png"),
        ([f"portrait-{'9' * 200}.png", "portrait-0002.PNG"], "portrait-0003.png"),
        (["portrait-12345.png"], "portrait-12346.png"),
    ],
)
def test_the_next_number(tmp_path, there, expected):
    for name in there:
        (tmp_path / name).write_bytes(b"")
    assert free_path(tmp_path, "portrait", ".png").name == expected
    assert save_picture(PICTURE, tmp_path, stem="portrait").name == expected


def test_several_at_once_take_nothing_from_each_other(tmp_path):
    with ThreadPoolExecutor(6) as pool:
        paths = list(pool.map(lambda n: save_picture(Image.new("L", (4, 4), n), tmp_path, stem="p"), range(12)))
    assert len(set(paths)) == 12
    assert sorted(Image.open(path).getpixel((0, 0)) for path in paths) == list(range(12))


def test_settings_that_are_not_unicode_are_kept_as_far_as_they_can(tmp_path):
    path = save_picture(PICTURE, tmp_path, stem="p", infotext="a\udcffb é 人")
    assert Image.open(path).text["parameters"] == "a\ufffdb é 人"


def test_a_folder_that_cannot_be_written_is_found_first(tmp_path):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / "a\0b"):
        with pytest.raises(InputError, match="cannot be written"):
            prepare_folder(folder)
    with pytest.raises(InputError, match="not overwritten"):
        check_new_file(tmp_path / "file")
    prepare_folder(tmp_path / "new" / "deep")
    assert not list((tmp_path / "new" / "deep").iterdir())


def test_the_first_interrupt_requests_a_stop_and_the_second_ends_at_once():
    before = signal.getsignal(signal.SIGINT)
    with interrupt_requests() as requested:
        assert not requested()
        os.kill(os.getpid(), signal.SIGINT)
        assert requested()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_beside_the_main_thread_nothing_is_caught():
    seen = []

    def work():
        with interrupt_requests() as requested:
            seen.append(requested())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]
