"""A run that is interrupted or fails keeps the faces that are finished, and progress counts the whole run once."""

from __future__ import annotations

import numpy as np
import pytest

from facechain_ext.errors import Cancelled, HostError
from facechain_ext.recipes.template import FaceSource, Settings, make
from tests.recipes.template.painters import Interrupted, Painter, Steps
from tests.recipes.template.portraits import SOURCE, Bluest, somebody, standard


@pytest.mark.parametrize(("quality", "passes"), [("standard", 1), ("faithful", 3)])
def test_an_interrupt_ends_the_whole_run_and_keeps_the_faces_that_are_finished(three, targets, quality, passes):
    everybody = {number: somebody() for number in (1, 2, 3)}
    settings = Settings(quality=quality, match=False)
    host = Interrupted(at=passes + 1)
    done = make(three, everybody, settings, host=host, targets=targets)
    assert len(host.jobs) == passes + 1, "nothing is begun after the interrupt"
    assert done.stopped
    assert done.left_out[-1] == "Stopped: faces 2 and 3 are left as they were."
    assert done.changed[targets[0].mask].any()
    assert not done.changed[targets[1].mask | targets[2].mask].any()
    with pytest.raises(Cancelled, match="nothing is kept"):
        make(three, everybody, settings, host=Interrupted(at=passes), targets=targets)


def test_what_is_finished_when_the_host_fails_is_kept_and_the_failure_is_named(three, targets):
    class Fails(Painter):
        def generate(self, job, *, progress=None, ready=None):
            if len(self.jobs) == 1:
                raise HostError("Out of memory.")
            return super().generate(job)

    everybody = {number: somebody() for number in (1, 2, 3)}
    done = make(three, everybody, standard(), host=Fails(), targets=targets)
    assert done.left_out == ("Face 2 and those after it are left as they are: Out of memory.",)
    assert done.changed[targets[0].mask].any()
    assert not done.changed[targets[1].mask | targets[2].mask].any()
    broken = Fails()
    broken.jobs.append("an earlier one")
    with pytest.raises(HostError, match="Out of memory"):
        make(three, everybody, standard(), host=broken, targets=targets)


def test_the_tries_that_are_finished_when_it_is_interrupted_count(three, targets):
    host = Interrupted(at=1, keeps=2)
    done = make(
        three,
        {1: somebody(), 2: somebody()},
        standard(count=4),
        host=host,
        targets=targets,
        scorer=Bluest(),
    )
    assert len(host.jobs) == 1
    assert done.left_out == ("Stopped: face 2 is left as it was.",)
    assert any(note.startswith("Face 1: the most like of 2") for note in done.notes)


@pytest.mark.parametrize("quality", ["instant", "standard", "faithful"])
def test_progress_counts_the_whole_recipe_once(three, targets, quality):
    nobody = FaceSource(photo=np.full((200, 200, 3), 90, np.uint8))  # left out, and counted all the same
    who = {1: SOURCE, 2: "pixelate", 3: nobody} if quality == "instant" else {1: somebody(), 2: somebody(), 3: SOURCE}
    reports = []
    settings = Settings(quality=quality, match=False, steps=10)
    make(
        three,
        who,
        settings,
        host=Steps(),
        targets=targets,
        progress=lambda *now: reports.append(now) is None,
    )
    shares = [done / total for done, total in reports]
    assert (shares[0], shares[-1]) == (0, 1)
    assert shares == sorted(shares)
    assert len({total for _, total in reports}) == 1
    if quality != "instant":
        assert len(set(shares)) > 10


def test_progress_that_says_no_stops_at_the_next_step(three, targets):
    host, asked = Steps(), []

    def until_the_second_face(done, total):
        asked.append(done / total)
        return asked[-1] < 0.7

    done = make(three, dict.fromkeys((1, 2), somebody()), standard(), host=host, targets=targets,
                progress=until_the_second_face)  # fmt: skip
    assert len(host.jobs) == 2
    assert done.stopped
    assert done.changed[targets[0].mask].any()
    assert not done.changed[targets[1].mask].any()
    assert sum(share >= 0.7 for share in asked) <= 2
