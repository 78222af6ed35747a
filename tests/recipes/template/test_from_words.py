"""Text to template: the host draws the scene, its faces become people, and what cannot be drawn is a sentence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from facechain_ext.errors import Cancelled, HostError, InputError, PhotoError
from facechain_ext.recipes.job import Portrait
from facechain_ext.recipes.readiness import LARGE, SMALL, USUAL
from facechain_ext.recipes.template import Scene, Settings, make_from_words
from facechain_ext.recipes.template.infotext import parse_template_infotext, scene_infotext, template_infotext
from facechain_ext.ui.pnginfo import parse_infotext
from tests.recipes.template.painters import Painter, Steps
from tests.recipes.template.portraits import HEAD, SOURCE, row, small, somebody

SCENE = Scene("a pilot before an aeroplane", width=256, height=256)


class Draws(Steps):
    """Draws as many heads as ``counts`` says for seed 0, 1 and so on, and paints faces in one colour."""

    def __init__(self, *counts):
        super().__init__()
        self.counts = counts

    def generate(self, job, *, progress=None, ready=None):
        if job.inpaint is not None or (progress is not None and not progress(0, job.steps)):
            return super().generate(job, progress=progress) if job.inpaint is not None else []
        self.jobs.append(job)
        if progress is not None and not progress(job.steps, job.steps):
            return []
        heads = [small(HEAD, 128)] * self.counts[job.seed]
        shown = row(*heads, height=job.height) if heads else np.full((job.height, job.width, 3), 90, np.uint8)
        return [Portrait(Image.fromarray(shown), job.seed, f"{job.prompt}\nSteps: 2, Sampler: Euler, Model: m")]


def test_the_first_picture_with_faces_enough_is_taken_and_only_its_faces_change():
    host = Draws(0, 1, 2)
    made = make_from_words(SCENE, {1: SOURCE, 2: "pixelate"}, Settings(steps=4), host=host)
    assert [(job.seed, job.prompt, job.people) for job in host.jobs] == [(seed, SCENE.words, ()) for seed in range(3)]
    assert (made.seed, len(made.targets)) == (2, 2)
    assert made.result.changed.any()
    assert made.result.changed.mean() < 0.6
    assert "seed 2" in made.result.notes[0]
    text = template_infotext(
        made.template, {1: SOURCE}, made.settings, host_text=made.result.infotext, scene=(SCENE, 2)
    )
    assert scene_infotext(made, {1: SOURCE}) == text
    infotext = parse_infotext(text)
    assert infotext.values["FaceChain scene"] == SCENE.words
    assert infotext.values["FaceChain scene seed"] == "2"
    assert infotext.values["Model"] == "m"
    parsed = parse_template_infotext(infotext.prompt, infotext.negative, infotext.values)
    assert parsed.scene == SCENE
    assert parsed.notes == ()


def test_a_face_is_painted_with_the_words_of_its_scene_unless_it_has_its_own():
    for prompt, expected in ((Settings.prompt, f"high detail face, {SCENE.words}"), ("a face", "a face")):
        host = Draws(1)
        settings = Settings(quality="standard", prompt=prompt, steps=4, match=False)
        made = make_from_words(SCENE, {1: somebody()}, settings, host=host)
        assert [job.prompt for job in host.jobs] == [SCENE.words, expected]
        assert host.jobs[1].people
        assert made.settings.prompt == expected


@pytest.mark.parametrize(
    ("counts", "wanted", "words"),
    [
        ((0, 0), 1, "None of 2 pictures of these words, from seed 0 on, showed a face"),
        ((1, 1), 2, "showed 2 faces; the most were 1"),
    ],
)
def test_no_face_in_any_picture_is_a_sentence(counts, wanted, words):
    host = Draws(*counts)
    with pytest.raises(PhotoError, match=words):
        make_from_words(replace(SCENE, tries=2), {wanted: SOURCE}, host=host)
    assert len(host.jobs) == 2


def test_progress_counts_drawing_and_faces_once_and_never_backwards():
    said = []
    settings = Settings(quality="standard", steps=10, match=False)
    make_from_words(SCENE, {1: somebody()}, settings, host=Draws(0, 1), progress=lambda *one: said.append(one) or True)
    assert len({total for _, total in said}) == 1
    done = [step for step, _ in said]
    assert done == sorted(done)
    assert (done[0], said[-1][0]) == (0, said[-1][1])


@pytest.mark.parametrize("last", [0, 10, 12])
def test_an_interrupt_stops_it_at_the_next_step_and_keeps_nothing_unfinished(last):
    host = Draws(1)
    settings = Settings(quality="standard", steps=10, match=False)
    with pytest.raises(Cancelled, match="nothing is kept"):
        make_from_words(SCENE, {1: somebody()}, settings, host=host, progress=lambda done, _total: done < last)
    assert sum(job.inpaint is not None for job in host.jobs) == (last > 10)


def test_lora_pose_and_numbers_reach_the_host():
    pose = Image.new("RGB", (64, 64))
    scene = replace(SCENE, lora="ink", lora_weight=0.6, pose=pose, pose_weight=0.9, cfg=5.0)
    with pytest.raises(HostError, match="no ControlNet for openpose"):
        make_from_words(scene, {1: SOURCE}, host=Painter())
    host = Draws(1)
    made = make_from_words(scene, {1: SOURCE}, Settings(steps=9, controls=frozenset({"openpose"})), host=host)
    (job,) = host.jobs
    assert (job.loras[0].file, job.loras[0].weight, job.cfg, job.steps) == ("ink", 0.6, 5.0, 9)
    assert (job.controls[0].kind, job.controls[0].picture, job.controls[0].weight) == ("openpose", pose, 0.9)
    values = parse_infotext(template_infotext(made.template, {1: SOURCE}, made.settings, scene=(scene, 0))).values
    parsed = parse_template_infotext("", "", values)
    assert parsed.scene == scene
    assert "give it again" in parsed.notes[0]


@pytest.mark.parametrize(
    ("defaults", "size"),
    [(USUAL, (624, 832)), (SMALL, (96, 128)), (LARGE, (1024, 1024))],
    ids=("SD1.5", "demo", "SDXL"),
)
def test_the_size_suits_the_checkpoint_unless_it_is_given(defaults, size):
    scene = Scene("a pilot").suited_to(defaults)
    assert (scene.width, scene.height) == size
    assert Scene("a pilot", width=64).suited_to(defaults).width == 64


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"words": " "}, "say with words"), ({"width": 100}, "multiple of 8"), ({"tries": 99}, "tries is 99")],
)
def test_a_scene_that_cannot_be_drawn_is_refused_before_anything_is(changes, words):
    with pytest.raises(InputError, match=words):
        make_from_words(replace(SCENE, **changes), {1: SOURCE}, host=None)
