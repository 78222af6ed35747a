"""The style portrait: what is asked of the host, and what becomes of what it gives.

The host here draws a real portrait, better or worse by the seed, so that scoring and keeping the best work on real
faces; how a diffusion model answers is tested with the hosts.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from PIL import Image, ImageFilter
from skimage import data

from facechain_ext.errors import InputError, PhotoError
from facechain_ext.identity.likeness_scale import Likeness
from facechain_ext.identity.likeness_scorer import EncoderScorer, rank_by_likeness
from facechain_ext.recipes import style as recipe
from facechain_ext.recipes import style_settings
from facechain_ext.recipes.job import Lora, Portrait
from facechain_ext.styles import StyleError, catalogue
from facechain_ext.weights import set_models_folder

STYLES = catalogue()
FACE = Image.fromarray(data.astronaut())


class Easel:
    """Gives the portrait, the more blurred the further the seed is from ``best``; ``empty`` seeds give no face."""

    name = "easel"

    def __init__(self, best=2, empty=()):
        self.best, self.empty, self.jobs = best, empty, []

    def generate(self, job, *, progress=None, ready=None):
        self.jobs.append(job)
        made = []
        for seed in range(job.seed, job.seed + job.count):
            if progress is not None and not progress(seed - job.seed, job.count):
                break
            if seed in self.empty:
                picture = Image.new("RGB", FACE.size, "grey")
            else:
                picture = FACE.filter(ImageFilter.GaussianBlur(1.5 * abs(seed - self.best)))
            made.append(Portrait(picture, seed, f"Seed: {seed}"))
        return made


@pytest.fixture(autouse=True)
def _folder(tmp_path):
    set_models_folder(tmp_path)
    yield
    set_models_folder(None)


def test_the_published_settings(person):
    job, notes = recipe.plan(person, STYLES["silver-armour"], style_settings.FAITHFUL, subject="a beautiful woman")
    assert (job.steps, job.sampler, job.cfg, job.width, job.height) == (50, "PLMS", 7.0, 512, 512)
    assert job.people[0].strength == 0.5
    assert job.people[0].window == (0.0, 1.0)
    assert job.prompt.startswith("a beautiful woman, engraved silver plate armour")
    assert job.prompt.endswith("medium shot, high detail face, photorealistic, best quality")
    assert (job.adapter, job.loras, job.controls, notes) == (None, (), (), ())


def test_the_style_decides_what_is_not_set(person):
    style = STYLES["watercolour"]
    job, _ = recipe.plan(person, style, recipe.Settings(), subject="portrait of a man", prompt="green scarf, ",
                         negative_prompt="hat")  # fmt: skip
    assert job.people[0].strength == style.strength
    assert job.prompt.startswith(f"portrait of a man, {style.prompt}, green scarf, ")
    assert job.negative_prompt.endswith(f"{style.negative}, hat")
    settings = recipe.Settings(strength=0.8, adapter="majic", window=(0.2, 0.9), seed=7, count=3)
    job, _ = recipe.plan(person, STYLES["hanfu"], settings)
    assert (job.people[0].strength, job.adapter, job.people[0].window) == (0.8, "majic", (0.2, 0.9))
    assert (job.seed, job.count) == (7, 3)
    assert not job.prompt.startswith(",")


def test_the_suggested_adapter_is_taken_where_it_is_there(person, tmp_path):
    assert recipe.plan(person, STYLES["hanfu"], recipe.Settings())[0].adapter is None
    (tmp_path / "adapter-film.safetensors").write_bytes(b"x")
    assert recipe.plan(person, STYLES["hanfu"], recipe.Settings())[0].adapter == "film"
    assert recipe.plan(person, STYLES["watercolour"], recipe.Settings())[0].adapter is None


def test_without_a_style(person):
    job, notes = recipe.plan(person, None, recipe.Settings(), subject="portrait of a man", prompt="on the moon")
    assert job.prompt.startswith("portrait of a man, on the moon, ")
    assert (job.adapter, job.people[0].strength, notes) == (None, 0.5, ())


def test_the_lora_of_a_style(person, tmp_path):
    style = STYLES["dopamine"]
    job, notes = recipe.plan(person, style, recipe.Settings(), lora_folders=[tmp_path])
    assert job.loras == ()
    assert style.lora.trigger not in job.prompt
    assert style.lora.file in notes[0]
    file = tmp_path / style.lora.file
    file.write_bytes(b"x")
    job, notes = recipe.plan(person, style, recipe.Settings(), lora_folders=[tmp_path])
    assert (job.loras, notes) == ((Lora(file, style.lora.weight),), ())
    assert job.prompt.startswith(style.lora.trigger)
    job, _ = recipe.plan(person, style, recipe.Settings(lora_weight=0.6), lora_folders=[tmp_path])
    assert job.loras[0].weight == 0.6
    job, notes = recipe.plan(person, style, recipe.Settings(lora_weight=0), lora_folders=[tmp_path])
    assert (job.loras, notes) == ((), ())
    own = Lora("mine", 0.9)
    job, notes = recipe.plan(person, style, recipe.Settings(lora=own), lora_folders=[tmp_path])
    assert (job.loras, notes) == ((own,), ())


def test_a_pose(person):
    settings = recipe.Settings(pose_weight=0.7, pose_window=(0, 0.8))
    job, _ = recipe.plan(person, None, settings, pose=FACE)
    (control,) = job.controls
    assert (control.kind, control.weight, control.window, control.prepared) == ("openpose", 0.7, (0, 0.8), False)


def test_children_get_styles_for_children(person):
    with pytest.raises(StyleError, match="grown-ups"):
        recipe.plan(person, STYLES["evening-gown"], recipe.Settings(), suits="child")
    for key in ("birthday", "watercolour"):
        recipe.plan(person, STYLES[key], recipe.Settings(), suits="child")


@pytest.mark.parametrize(
    "wrong",
    [{"strength": -0.1}, {"strength": 3}, {"window": (0.6, 0.4)}, {"window": (0, 2)}, {"count": 0}, {"count": 1001},
     {"keep": 0}, {"keep": 5, "count": 4}, {"steps": 0}, {"cfg": 0}, {"width": 513}, {"height": 8}, {"width": 100_000},
     {"template": "no place"}],
)  # fmt: skip
def test_settings_out_of_range_are_named(person, wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        recipe.plan(person, None, recipe.Settings(**wrong))


def test_the_best_are_kept_and_come_first(person, encoder):
    job, _ = recipe.plan(person, None, recipe.Settings(count=4, seed=1))
    result = recipe.make(Easel(), job, keep=3, scorer=EncoderScorer(encoder))
    assert result.pictures[0].portrait.seed == 2
    assert len(result.pictures) == 3
    scores = [p.likeness.cosine for p in result.pictures]
    assert scores[0] == pytest.approx(1.0, abs=1e-4)
    assert scores == sorted(scores, reverse=True)
    assert result.notes == ()


def test_pictures_without_a_face_come_last_and_are_said(person, encoder):
    job, _ = recipe.plan(person, None, recipe.Settings(count=3, seed=0))
    result = recipe.make(Easel(empty=(0, 2)), job, scorer=EncoderScorer(encoder), notes=["before"])
    assert [p.portrait.seed for p in result.pictures] == [1, 0, 2]
    assert result.pictures[1].likeness is None
    assert result.notes == ("before", "Pictures without a face that can be judged come last.")


def test_without_a_scorer_the_order_is_the_hosts(person):
    job, _ = recipe.plan(person, None, recipe.Settings(count=3))
    result = recipe.make(Easel(), job)
    assert [p.portrait.seed for p in result.pictures] == [0, 1, 2]
    assert {p.likeness for p in result.pictures} == {None}


def test_stopping_returns_the_finished_pictures(person):
    job, _ = recipe.plan(person, None, recipe.Settings(count=4))
    result = recipe.make(Easel(), job, progress=lambda step, _: step < 2)
    assert len(result.pictures) == 2
    assert result.notes == ("Stopped after 2 of 4 pictures.",)


class Brighten:
    name = "Brighten"

    def __call__(self, picture, photo):
        assert photo is FACE
        return picture.point(lambda v: min(255, v + 10))


class Refuse:
    name = "Face fusion"

    def __call__(self, picture, photo):
        raise PhotoError("No face was found; use another photo.")


def test_tools_finish_the_pictures_and_the_state_before_stays(person):
    job, _ = recipe.plan(person, None, recipe.Settings(count=1, seed=2))
    (done,) = recipe.make(Easel(), job, photo=FACE, tools=[Brighten()]).pictures
    assert np.asarray(done.before).mean() + 5 < np.asarray(done.portrait.picture).mean()
    assert (done.portrait.seed, done.portrait.infotext) == (2, "Seed: 2")


def test_failing_tool_is_noted_and_leaves_the_picture(person):
    job, _ = recipe.plan(person, None, recipe.Settings(count=1, seed=2))
    (done,) = recipe.make(Easel(), job, photo=FACE, tools=[Refuse()]).pictures
    assert done.before is None
    assert done.notes == ("Face fusion left the picture as it is: No face was found; use another photo.",)


def test_ranking():
    scores = [None if cosine is None else Likeness(cosine, "ArcFace") for cosine in (0.1, None, 0.9, 0.1, None)]
    assert rank_by_likeness(scores) == [2, 0, 3, 1, 4]
    assert rank_by_likeness([]) == []


def test_settings_and_results_are_frozen(person):
    with pytest.raises(dataclasses.FrozenInstanceError):
        style_settings.FAITHFUL.steps = 1
