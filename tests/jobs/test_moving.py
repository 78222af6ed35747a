"""Moving likenesses as jobs: the video is kept as mp4, foreign engines wait for the host, and a stop leaves nothing."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

pytest.importorskip("mediapipe", reason="mediapipe is not installed here")

from facechain_ext.errors import Cancelled, HostError
from facechain_ext.jobs.items import FileSources, make_items
from facechain_ext.jobs.job_request import parse_job_request
from facechain_ext.jobs.records import JobFolder, JobRecord, new_id, public_facts
from facechain_ext.jobs.request_sources import RequestSources
from facechain_ext.jobs.results import ResultFolder
from facechain_ext.jobs.worker import RequestWorker
from facechain_ext.media.video import write_video
from facechain_ext.recipes.clip.frame_distances import FrameDistances
from facechain_ext.recipes.talking.engine_settings import EngineSettings
from tests.jobs.test_worker import PHOTO
from tests.media.conftest import bursts, ffmpeg

__all__ = ["bursts", "ffmpeg"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, bursts):
    from PIL import Image

    folder = tmp_path_factory.mktemp("moving")
    small = Image.fromarray(PHOTO).resize((256, 256))
    small.save(folder / "anna.png")
    (folder / "voice.wav").write_bytes(bursts.read_bytes())
    import numpy as np

    write_video(iter([np.asarray(small)] * 2), folder / "clip.mp4", 5, suffix=".mp4")
    return folder


TALK = {"recipe": "talk", "picture": "anna.png", "voice": "voice.wav", "agreed": True, "settings": {"fps": 5}}
CLIP = {"recipe": "clip", "clip": "clip.mp4", "photo": "anna.png", "agreed": True}


def host(**engines):
    queued = []
    return SimpleNamespace(
        engines=lambda: EngineSettings(**engines), queued=lambda work: (queued.append(1), work)[1], waited=queued
    )


def test_videos_of_a_batch_are_written_as_mp4_and_have_no_contact_sheet(folder, tmp_path):
    sources, results = FileSources(folder), ResultFolder(tmp_path)
    worker = RequestWorker(host(), sources)
    items = make_items([TALK, CLIP], sources)
    assert len({item.id for item in items}) == 2
    assert [item.label.split(", ")[:2] for item in items] == [["anna", "talking"], ["clip", "clip"]]
    for item in items:
        results.save(item, worker.make(item.job_request), seconds=1.0, attempts=1, worker="here")
        assert (tmp_path / f"{item.id}.mp4").read_bytes()[4:8] == b"ftyp"
        assert results.is_done(item.id)
    assert [file.name for file in results.write_report(items)] == ["report.csv", "report.json"]


def test_a_job_with_a_video_survives_a_restart(folder, tmp_path):
    values = {name: base64.b64encode((folder / TALK[name]).read_bytes()).decode() for name in ("picture", "voice")}
    request = parse_job_request(json.loads(json.dumps({**TALK, **values})))
    made = RequestWorker(host(), RequestSources()).make(request)
    jobs, record = JobFolder(tmp_path), JobRecord(new_id(), state="done")
    jobs.create(record, request.values)
    curve = FrameDistances(tuple(range(0, 1500, 100)), (*[0.123456789] * 14, None), 5.0)
    picture = jobs.save_picture(record.id, 1, replace(made.pictures[0], curve=curve))
    assert picture.file == "1.mp4"
    jobs.write(JobRecord(record.id, state="done", pictures=(picture,)))
    (loaded,) = jobs.load()
    assert jobs.picture(loaded, 1) == made.pictures[0].content
    told = public_facts(loaded)["pictures"][0]["curve"]
    assert (told, told["distances"][-2:]) == (curve.facts(), [0.1235, None])
    assert len(json.dumps(told)) < 400, "a record stays small"


@pytest.mark.parametrize("values", [TALK, CLIP])
def test_a_stop_is_a_stop(folder, values):
    with pytest.raises(Cancelled):
        RequestWorker(host(), FileSources(folder)).make(parse_job_request(values), lambda _step, _steps: False)


def test_a_foreign_engine_waits_for_the_host_and_its_log_comes_along(folder):
    command = "python3 -c \"import sys; sys.exit('no memory for {picture} {sound} {folder}')\""
    waiting = host(command=command)
    with pytest.raises(HostError, match=r"failed \(exit code 1\)") as raised:
        RequestWorker(waiting, FileSources(folder)).make(parse_job_request({**TALK, "engine": "command"}))
    assert "no memory for" in raised.value.details
    assert waiting.waited == [1]
