"""A full body ordered as a job: its numbers, those that the request names instead, and its repaired faces."""

from __future__ import annotations

import pytest

from facechain_ext.hosts.diffusers.serve import ServeFiles, ServeHost
from facechain_ext.jobs.job_request import parse_job_request
from facechain_ext.jobs.recipes.portrait import fitted as fit
from facechain_ext.jobs.request_sources import RequestSources
from facechain_ext.jobs.worker import RequestWorker
from facechain_ext.recipes.job import Hires
from facechain_ext.recipes.readiness import SMALL, USUAL
from tests.jobs.test_worker import PHOTO, base64_of


def ordered(**settings):
    return parse_job_request({"card": "Anna", "prompt": "a photo", "settings": {"framing": "full body", **settings}})


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({}, {"width": 512, "height": 768, "hires": Hires(1.5, 0.4), "repair_faces": True}),
        ({"height": 640, "repair_faces": False}, {"width": 512, "height": 640, "repair_faces": False}),
        ({"hires_denoise": 0.3}, {"hires": Hires(1.5, 0.3)}),
        ({"hires_upscaler": "Lanczos"}, {"hires": Hires(1.5, 0.4, upscaler="Lanczos")}),
        ({"hires_scale": 2}, {"hires": Hires(2)}),
    ],
)
def test_a_full_bodys_numbers_give_way_to_those_of_the_request(named, expected):
    fitted = fit(ordered(**named).facts, USUAL)
    assert {name: getattr(fitted, name) for name in expected} == expected


def test_a_demo_model_draws_it_small_and_in_one_pass():
    fitted = fit(ordered().facts, SMALL)
    assert (fitted.width, fitted.height, fitted.steps, fitted.hires) == (96, 144, SMALL.steps, None)


@pytest.mark.parametrize("repair", [None, False])
def test_its_faces_are_repaired_unless_the_request_says_no(models, tmp_path, repair):
    files = ServeFiles(models.checkpoint, encoder=models.encoder, adapters={"small": models.adapter})
    settings = {"framing": "full body", "steps": 1, "width": 64, "height": 96, "count": 1}
    settings |= {} if repair is None else {"repair_faces": repair}
    request = {"photos": [base64_of(PHOTO)], "prompt": "a photo", "settings": settings}
    made = RequestWorker(ServeHost(files, tmp_path), RequestSources()).make(parse_job_request(request))
    tried = [note for note in made.notes if note.startswith("Faces are not repaired")]  # random weights draw no face
    assert len(tried) == (1 if repair is None else 0)
