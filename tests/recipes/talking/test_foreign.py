"""Foreign engines: copies, progress, stop, late files, deaths and hangs, by a stand-in program."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from facechain_ext.errors import Cancelled, HostError, InputError
from facechain_ext.labels import describe, read_packet
from facechain_ext.media.clip import open_clip
from facechain_ext.media.program_run import ProgramLimits
from facechain_ext.media.sound import read_sound
from facechain_ext.recipes.talking.engines import command_engine, sadtalker
from facechain_ext.recipes.talking.foreign import make_by_engine
from tests.media.conftest import bursts, ffmpeg

__all__ = ["bursts", "ffmpeg"]

PORTRAIT = np.tile(np.linspace(20, 230, 64).astype(np.uint8)[:, None, None], (1, 64, 3))
pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="the stand-in needs ffmpeg")


@pytest.fixture
def engine(tmp_path):
    """SadTalker's folder with the stand-in in it; call it with a behaviour."""
    folder = tmp_path / "SadTalker"
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "checkpoints" / "SadTalker_V0.0.2_256.safetensors").touch()
    shutil.copy(Path(__file__).with_name("stand_in.py"), folder / "inference.py")

    def make(behaviour):
        (folder / "behaviour.txt").write_text(behaviour)
        return sadtalker(folder, python=sys.executable)

    return make


def gone(pid):
    """Whether a process has ended (a zombie that init has not collected yet counts)."""
    for _ in range(50):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        state = Path(f"/proc/{pid}/stat")
        if state.is_file() and state.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("behaviour", ["well", "late"])
def test_it_gets_copies_and_its_video_is_labelled(engine, bursts, tmp_path, behaviour, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    before, shown = bursts.read_bytes(), []
    out = tmp_path / "out" / "a.mp4"
    notes = make_by_engine(
        engine(behaviour), PORTRAIT, bursts, out, progress=lambda done, total: shown.append(done) or True
    )
    assert notes == ()
    assert bursts.read_bytes() == before
    assert [file.name for file in out.parent.iterdir()] == ["a.mp4"]
    assert describe(read_packet(out.read_bytes()))["source_type"] == "compositeWithTrainedAlgorithmicMedia"
    assert len(list(open_clip(out).frames())) in (12, 13)
    assert read_sound(out).seconds == pytest.approx(1.2, abs=0.1)
    environment = (tmp_path / "SadTalker" / "environment.txt").read_text().split()
    assert not {"HF_TOKEN", "PYTHONPATH", "VIRTUAL_ENV"} & set(environment)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("dies", r"SadTalker failed \(exit code 1\).*CUDA out of memory"),
        ("no face", "ended and wrote no video.*Can't get the coeffs"),
    ],
)
def test_failures_bring_the_log(engine, bursts, tmp_path, monkeypatch, behaviour, reason):
    monkeypatch.setattr("facechain_ext.recipes.talking.foreign._LATE_SECONDS", 0.5)
    out = tmp_path / "out" / "a.mp4"
    with pytest.raises(HostError, match=reason) as raised:
        make_by_engine(engine(behaviour), PORTRAIT, bursts, out)
    assert "100%" in raised.value.details
    assert not out.parent.exists()
    with pytest.raises(HostError, match=r"whole log: .*a\.log"):
        make_by_engine(engine(behaviour), PORTRAIT, bursts, out, log_file=out.with_suffix(".log"))
    assert [file.name for file in out.parent.iterdir()] == ["a.log"]


def test_one_that_hangs_is_ended_with_its_children(engine, bursts, tmp_path):
    with pytest.raises(HostError, match="no sign of life for 1 seconds"):
        make_by_engine(engine("hangs"), PORTRAIT, bursts, tmp_path / "a.mp4", limits=ProgramLimits(1.0))
    assert gone(int((tmp_path / "SadTalker" / "child.txt").read_text()))


def test_a_stop_ends_it_and_progress_is_its_own(engine, bursts, tmp_path):
    shown = []

    def progress(done, total):
        shown.append(done)
        return not (tmp_path / "SadTalker" / "child.txt").is_file()

    with pytest.raises(Cancelled):
        make_by_engine(engine("slow"), PORTRAIT, bursts, tmp_path / "a.mp4", progress=progress)
    assert 40 in shown or 100 in shown
    assert gone(int((tmp_path / "SadTalker" / "child.txt").read_text()))
    assert not (tmp_path / "a.mp4").exists()


def test_a_command_line_gets_every_place(bursts, tmp_path):
    program = tmp_path / "other.py"
    program.write_text(
        "import pathlib, shutil, sys\npicture, video, sound, result, config, note = sys.argv[1:]\n"
        "assert picture in pathlib.Path(config).read_text() and sound in pathlib.Path(config).read_text()\n"
        "assert note == 'two words'\nshutil.move(video, result)\n"
    )
    line = f"{sys.executable} {program} {{picture}} {{video}} {{sound}} {{result}} {{config}} 'two words'"
    out = tmp_path / "a.mp4"
    assert make_by_engine(command_engine(line), PORTRAIT, bursts, out, mark=False) == ()
    frames = list(open_clip(out).frames())
    assert len(frames) == 30
    assert np.abs(frames[10].astype(int) - PORTRAIT).mean() < 4


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "is empty"),
        ("run {sound}", "where the portrait goes"),
        ("run {picture}", "where the voice goes"),
        ("run {config} {prompt}", "a place that there is not"),
        ("run {config} 'open", "cannot be read"),
    ],
)
def test_command_lines_that_cannot_work_are_refused(line, reason):
    with pytest.raises(InputError, match=reason):
        command_engine(line)


def test_what_sadtalker_lacks_is_named(tmp_path):
    with pytest.raises(InputError, match=r"no inference\.py"):
        sadtalker(tmp_path)
    (tmp_path / "inference.py").touch()
    with pytest.raises(InputError, match="weights are missing"):
        sadtalker(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "SadTalker_V0.0.2_256.safetensors").touch()
    with pytest.raises(InputError, match="no environment of its own"):
        sadtalker(tmp_path)
    with pytest.raises(InputError, match="sizes 256 and 512"):
        sadtalker(tmp_path, size=300)


def test_a_missing_program_is_named(bursts, tmp_path):
    with pytest.raises(HostError, match="could not be started"):
        make_by_engine(command_engine("/nowhere/program {config}"), PORTRAIT, bursts, tmp_path / "a.mp4")
