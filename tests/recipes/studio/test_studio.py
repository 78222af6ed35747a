"""The quality studio: the published stages in their order with their numbers, what each changes, and interrupts."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from PIL import Image

from facechain_ext.errors import Cancelled, InputError
from facechain_ext.recipes.job import Portrait
from facechain_ext.recipes.studio.face import color_blocks
from facechain_ext.recipes.studio.masks import changeable
from facechain_ext.recipes.studio.presets import PRESETS, STAGES, chosen_stages
from facechain_ext.recipes.template import FaceSource, Settings, find_template_faces, make, read_template
from facechain_ext.recipes.template.infotext import parse_template_infotext, template_infotext
from facechain_ext.ui.pnginfo import parse_infotext
from tests.recipes.template.painters import Painter
from tests.recipes.template.portraits import HEAD, SOURCE, png, relit, row, somebody

KINDS = frozenset({"canny", "openpose_face", "color", "tile"})
ANNA = FaceSource(somebody().identity, SOURCE.photo, "card Anna")


def studio(**changes):
    return Settings(quality="studio", controls=KINDS, **changes)


@pytest.fixture(scope="module")
def pair():
    return read_template(png(row(HEAD, relit(HEAD[:, ::-1], 0.9, 1.1), gap=60, height=300)), name="pair.png")


@pytest.fixture(scope="module")
def faces(pair):
    found = find_template_faces(pair.pixels)
    assert len(found) == 2
    return found


class Darker(Painter):
    """Gives back the start a little darker where it may change it, and remembers what it was asked for."""

    def generate(self, job, *, progress=None, ready=None):
        self.jobs.append(job)
        if progress is not None:
            steps = max(round(job.steps * job.inpaint.denoise), 1)
            for step in range(steps + 1):
                if not progress(step, steps):
                    return []
        start = np.asarray(job.inpaint.picture)
        free = np.asarray(job.inpaint.mask)[..., None] >= 128
        made = np.where(free, start // 8 * 7, start).astype(np.uint8)
        return [Portrait(Image.fromarray(made), job.seed, f"pass {len(self.jobs)}")]


PUBLISHED = [  # denoising, steps, units
    (0.45, 50, [("canny", 0.5), ("openpose_face", 0.5), ("color", 0.85)]),
    (0.30, 20, [("canny", 1.0), ("tile", 1.0)]),
]
SEAMS = (0.30, 30, [("canny", 1.0), ("color", 1.0)])
LCM = [(0.50, 12, PUBLISHED[0][2]), (0.30, 8, PUBLISHED[1][2])]
TABLE = {
    "published": (PUBLISHED, SEAMS, 7.0, "DPM++ 2M SDE Karras"),
    "LCM": (LCM, (0.30, 8, SEAMS[2]), 2.0, "Euler a"),
    "ours": ([(0.6, 30, PUBLISHED[0][2]), PUBLISHED[1]], SEAMS, 5.0, "DPM++ 2M Karras"),
}


@pytest.mark.parametrize("preset", TABLE)
def test_the_diffusions_have_the_numbers_of_their_table(pair, faces, preset):
    per_face, seams, cfg, sampler = TABLE[preset]
    host = Darker()
    result = make(pair, {1: ANNA, 2: ANNA}, studio(studio_preset=preset), host=host, targets=faces)
    asked = [(job.inpaint.denoise, job.steps, [(unit.kind, unit.weight) for unit in job.controls]) for job in host.jobs]
    assert asked == [*per_face, *per_face, seams]
    assert {job.cfg for job in host.jobs} == {cfg}
    assert {job.sampler for job in host.jobs} == {sampler}
    assert all(unit.prompt_first for job in host.jobs for unit in job.controls), "the published control mode"
    assert [len(job.people) for job in host.jobs] == [1, 1, 1, 1, 0]
    assert result.left_out == ()
    assert result.infotext == "pass 5"


ORDER = ["fuse", "first", "color", "fuse again", "rim, eyes, lips", "color again", "upscale"]


def test_the_published_stages_run_in_their_order_and_each_is_seen_before_and_after(pair, faces):
    result = make(pair, {1: ANNA, 2: ANNA}, studio(), host=Darker(), targets=faces)
    assert [(view.face, view.stage) for view in result.stages] == [
        *((1, stage) for stage in ORDER), *((2, stage) for stage in ORDER), (0, "seams"),
    ]  # fmt: skip
    mine = [view for view in result.stages if view.face == 1]
    for one, other in pairwise(mine):
        assert np.array_equal(np.asarray(one.after), np.asarray(other.before))
    for view in mine:
        assert view.before.size == view.after.size == mine[0].before.size
        if view.stage != "upscale":
            assert not np.array_equal(np.asarray(view.before), np.asarray(view.after)), view.stage


@pytest.mark.parametrize("stage", [one for one in STAGES if one != "first"])
def test_every_stage_can_be_switched_off_and_on_by_itself(pair, faces, stage):
    host = Darker()
    people = {1: ANNA, 2: ANNA}
    result = make(pair, people, studio(studio_stages=f"{stage}, first"), host=host, targets=faces)
    seen = {view.stage for view in result.stages}
    assert seen == {"first", stage}
    assert result.left_out == ()
    bare = make(pair, {1: ANNA}, studio(studio_stages="first"), host=Darker(), targets=faces)
    assert [view.stage for view in bare.stages] == ["first"]


def test_outside_what_may_change_not_a_bit_changes(pair, faces):
    result = make(pair, {1: ANNA}, studio(), host=Darker(), targets=faces)
    free = changeable(faces[0])
    assert np.array_equal(result.pixels[~free], pair.pixels[~free])
    assert result.changed[faces[0].mask].mean() > 0.8
    everything = studio(studio_stages=",".join(STAGES))
    whole = make(pair, {1: ANNA}, everything, host=Darker(), targets=faces)
    assert np.array_equal(whole.pixels[faces[1].mask], pair.pixels[faces[1].mask]), "the other face is nobody's"
    assert whole.changed[:20, :20].any(), "the background is a stage of its own"


def test_seams_are_repaired_around_the_people_alone(pair, faces):
    result = make(pair, {1: ANNA, 2: ANNA}, studio(), host=Darker(), targets=faces)
    both = changeable(faces[0]) | changeable(faces[1])
    far = cv2.dilate(both.astype(np.uint8), np.ones((61, 61), np.uint8)) == 0
    assert far.any()
    assert np.array_equal(result.pixels[far], pair.pixels[far])
    beside = ~both & ~far
    assert result.changed[beside].mean() > 0.2
    alone = make(pair, {1: ANNA}, studio(), host=Darker(), targets=faces)
    assert "seams" not in {view.stage for view in alone.stages}


def test_the_colour_shift_gives_back_the_templates_light(pair, faces):
    stages = {"plain": "first", "shifted": "first, color"}
    made = {name: make(pair, {1: ANNA}, studio(studio_stages=text), host=Darker(), targets=faces).pixels
            for name, text in stages.items()}  # fmt: skip
    core = cv2.erode(faces[0].mask.astype(np.uint8), np.ones((25, 25), np.uint8)) > 0
    light = {name: pixels[core].mean() for name, pixels in made.items()}
    wanted = pair.pixels[core].mean()
    assert light["plain"] < wanted - 6
    assert abs(light["shifted"] - wanted) < 2


def test_the_first_start_holds_the_photos_face_by_six_tenths(pair, faces):
    host = Darker()
    make(pair, {1: ANNA}, studio(), host=host, targets=faces)
    bare = Darker()
    make(pair, {1: ANNA}, studio(studio_stages="first"), host=bare, targets=faces)
    fused, plain = (np.asarray(one.jobs[0].inpaint.picture).astype(int) for one in (host, bare))
    assert np.abs(fused - plain).max() > 10
    pose = np.asarray(host.jobs[0].controls[1].picture).astype(int)
    assert np.abs(pose - fused).max() > 10, "the pose is the photo's head laid over the template's"


def test_without_a_photo_the_fusions_are_left_out_and_said(pair, faces):
    host = Darker()
    result = make(pair, {1: replace(ANNA, photo=None)}, studio(), host=host, targets=faces)
    said = "No face was found; use a photo that shows one face from the front, sharp and well lit."
    assert list(result.left_out) == [f"Face 1: The stage {name} is left out: {said}" for name in ("fuse", "fuse again")]
    assert "Face 1: the pose is the template's own: no photo's head can be laid over it." in result.notes
    assert len(host.jobs) == 2


@pytest.mark.parametrize(("asked", "said"), [("", 0), ("Lanczos", 0), ("4x-Sharp", 1)])
def test_an_upscaler_that_the_host_has_not_is_named(pair, faces, asked, said):
    settings = replace(studio(studio_stages="first, upscale"), upscaler=asked)
    result = make(pair, {1: ANNA}, settings, host=Darker(), targets=faces)
    sentence = "Face 1: The stage upscale used Lanczos: there is no upscaler '4x-Sharp' here."
    assert [note for note in result.left_out if "upscale" in note] == [sentence] * said


def test_missing_controlnets_are_named(pair, faces):
    host = Darker()
    result = make(pair, {1: ANNA}, replace(studio(), controls=frozenset({"canny"})), host=host, targets=faces)
    assert [[unit.kind for unit in job.controls] for job in host.jobs] == [["canny"], ["canny"]]
    assert "Painted without ControlNet for openpose_face, color, tile" in result.notes[0]
    assert not [note for note in result.notes if "the pose is the template's own" in note]


@pytest.mark.parametrize(("at", "stages"), [(2, ORDER[:4]), (3, None)])
def test_an_interrupt_keeps_what_is_painted(pair, faces, at, stages):
    class Stopped(Darker):
        def generate(self, job, *, progress=None, ready=None):
            return [] if len(self.jobs) + 1 == at and not self.jobs.append(job) else super().generate(job)

    result = make(pair, {1: ANNA, 2: ANNA}, studio(), host=Stopped(), targets=faces)
    assert result.stopped
    assert result.changed[faces[0].mask].any()
    assert not result.changed[faces[1].mask].any()
    assert any("face 2 is left as it was" in note.lower() for note in result.left_out)
    if stages is not None:
        assert [view.stage for view in result.stages] == stages
        assert any("Stopped at the stage rim, eyes, lips" in note for note in result.left_out)
    at = 1
    with pytest.raises(Cancelled):
        make(pair, {1: ANNA}, studio(), host=Stopped(), targets=faces)


def test_progress_counts_the_whole_recipe_once(pair, faces):
    seen = []
    make(
        pair, {1: ANNA, 2: ANNA}, studio(), host=Darker(), targets=faces, progress=lambda *one: seen.append(one) or True
    )
    done = [step for step, _ in seen]
    assert done == sorted(done)
    assert {total for _, total in seen} == {2 * (22 + 6) + 9}
    assert seen[-1][0] == seen[-1][1]


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"studio_stages": "first, polish"}, "no stage 'polish'"), ({"studio_stages": "color"}, "let the stage first in"),
     ({"studio_preset": "theirs"}, "studio_preset is 'theirs'")],
)  # fmt: skip
def test_what_the_studio_has_not_is_refused_before_anything_is_painted(pair, faces, settings, words):
    host = Darker()
    with pytest.raises(InputError, match=words):
        make(pair, {1: ANNA}, studio(**settings), host=host, targets=faces)
    assert host.jobs == []


def test_stages_run_in_the_order_of_the_work_whatever_is_written():
    assert chosen_stages(PRESETS["ours"], "lips , first,color") == ("first", "color", "lips")
    assert chosen_stages(PRESETS["ours"], "") == PRESETS["ours"].stages
    assert all(one in STAGES for preset in PRESETS.values() for one in preset.stages)


def test_blocks_of_colour_have_24_pixels_of_1024():
    pixels = np.random.default_rng(0).integers(0, 256, (512, 512, 3)).astype(np.uint8)
    blocks = color_blocks(pixels)
    assert blocks.shape == pixels.shape
    inner = blocks[:, :, 0].astype(int)
    changes = np.abs(np.diff(inner, axis=1)).mean(0) > 3
    assert 25 < changes.sum() < 130, "42 borders of two or three pixels"


def test_the_settings_come_back_from_the_infotext(pair):
    settings = studio(studio_preset="LCM", studio_stages="first, color")
    text = template_infotext(pair, {1: ANNA}, settings)
    assert "Steps: 12, Sampler: Euler a, CFG scale: 2" in text
    assert "Denoising strength: 0.5" in text, "those of the first diffusion"
    found = parse_infotext(text)
    parsed = parse_template_infotext(found.prompt, found.negative, found.values)
    assert (parsed.settings.quality, parsed.settings.studio_preset, parsed.settings.studio_stages) == (
        "studio", "LCM", "first, color",
    )  # fmt: skip
