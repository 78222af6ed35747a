"""Several people painted one by one: what is asked of the host, what covers what, and how progress is reported."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from facechain_ext.errors import HostError
from facechain_ext.identity import Identity, PhotoFact
from facechain_ext.recipes.job import Hires, Inpaint, Job, Person, Portrait
from facechain_ext.recipes.regions import RegionPrompt, assign_regions, region_mask
from facechain_ext.recipes.sequential_inpaint import SequentialInpaintHost

COLOURS = {"": 200, "Anna": 40, "Bob": 90, "Cleo": 140}


class Painter:
    """Fills a picture with one grey for each person, all of it, mask or no mask; ``left`` generations are done."""

    name = "painter"

    def __init__(self, left=99):
        self.jobs, self.left = [], left

    def generate(self, job, *, progress=None, ready=None):
        if not self.left:
            return []
        self.left -= 1
        self.jobs.append(job)
        scale = job.hires.scale if job.hires else 1
        size = (round(scale * job.width), round(scale * job.height))
        name = job.people[0].identity.name if job.people else ""
        for step in range(job.steps + 1):
            if progress is not None and not progress(step, job.steps):
                return []
        grey = (COLOURS[name],) * 3
        return [Portrait(Image.new("RGB", size, grey), job.seed + n, str(dict(job.remarks))) for n in range(job.count)]


def somebody(name):
    grey = np.full((1, 112, 112, 3), 128, np.uint8)
    fact = PhotoFact("a.jpg", "0" * 64, 1, (0.0, 0.0, 9.0, 9.0), "none", "none")
    return Identity(torch.zeros(1, 4, 8), torch.ones(1, 8), grey, grey[0], (fact,), (1.0,), "encoder", name)


def side_by_side(*names):
    first, *others = names
    return assign_regions(Person(somebody(first), 0.7), None, [(somebody(name), RegionPrompt(name)) for name in others])


def test_each_person_is_inpainted_alone_into_a_picture_without_people():
    host, reports = Painter(), []
    job = Job(
        "two",
        people=side_by_side("Anna", "Bob"),
        count=2,
        seed=5,
        steps=4,
        width=128,
        height=64,
        hires=Hires(2.0),
    )
    done = SequentialInpaintHost(host, 0.6).generate(job, progress=lambda *at: reports.append(at) or True)
    bare, *alone = host.jobs
    assert (bare.people, bare.count, bare.hires) == ((), 2, Hires(2.0))
    assert [one.people[0].identity.name for one in alone] == ["Anna", "Bob"] * 2
    assert [(one.seed, one.count, one.width, one.hires) for one in alone] == [(5, 1, 256, None)] * 2 + [
        (6, 1, 256, None)
    ] * 2
    assert all(one.inpaint.denoise == 0.6 for one in alone)
    assert [portrait.seed for portrait in done] == [5, 6]
    pixels = np.asarray(done[0].picture)[..., 0]
    assert (pixels[:, :120] == COLOURS["Anna"]).all()
    assert (pixels[:, -120:] == COLOURS["Bob"]).all()
    assert reports == sorted(reports)
    assert reports[-1] == (4 * 6, 4 * 6)


def test_overlapping_regions_share_and_what_nobody_has_stays():
    people = (
        Person(somebody("Anna"), region=region_mask((0.0, 0.0, 0.6, 1.0))),
        Person(somebody("Bob"), region=region_mask((0.3, 0.0, 0.7, 1.0))),
    )
    (done,) = SequentialInpaintHost(Painter(), 1.0).generate(Job("", people=people, width=128, height=64, steps=1))
    row = np.asarray(done.picture)[32, :, 0]
    assert row[10] == COLOURS["Anna"]
    assert row[85] == COLOURS["Bob"]
    assert abs(int(row[58]) - (COLOURS["Anna"] + COLOURS["Bob"]) / 2) <= 1
    assert (row[100:] == COLOURS[""]).all()


def test_infotext_names_people_as_one_generation_does():
    job = Job("", people=side_by_side("Anna", "Bob"), remarks={"FaceChain people": "Bob"}, steps=1, width=64, height=64)
    (done,) = SequentialInpaintHost(Painter(), 0.5).generate(job)
    for part in ("Anna (", "; Bob (", "'FaceChain strength': 0.7", "'FaceChain people': 'Bob'"):
        assert part in done.infotext


def test_one_person_needs_no_painting():
    host = Painter()
    SequentialInpaintHost(host, 0.5).generate(Job("", people=side_by_side("Anna"), width=64, height=64, steps=1))
    assert [len(job.people) for job in host.jobs] == [1]


@pytest.mark.parametrize(("left", "whole"), [(0, 0), (1, 0), (2, 0), (3, 1), (4, 1), (5, 2)])
def test_what_is_stopped_leaves_the_pictures_with_everybody_in(left, whole):
    job = Job("", people=side_by_side("Anna", "Bob"), count=2, width=64, height=64, steps=1)
    seen = []
    assert len(SequentialInpaintHost(Painter(left), 0.5).generate(job, ready=seen.append)) == len(seen) == whole


def test_a_job_that_starts_from_a_picture_is_refused():
    job = Job("", people=side_by_side("Anna", "Bob"), inpaint=Inpaint(Image.new("RGB", (64, 64))))
    with pytest.raises(HostError, match="made from noise"):
        SequentialInpaintHost(Painter(), 0.5).generate(job)
