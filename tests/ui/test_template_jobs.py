"""The Template page without a browser: orders become files, what is wrong is named, nothing is overwritten."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from facechain_ext.errors import FaceChainError
from facechain_ext.hosts.diffusers.output import save_portraits
from facechain_ext.recipes.job import Portrait
from facechain_ext.recipes.template import Scene
from facechain_ext.ui.host import HostCapabilities
from facechain_ext.ui.template.choices import KEEP, PIXELATE, face_choices
from facechain_ext.ui.template.doubts import choice_doubts
from facechain_ext.ui.template.finished import comparisons_html, contact_sheet
from facechain_ext.ui.template.jobs import (
    TemplateRequest,
    generate_batch,
    generate_template,
    requests_per_choice,
    unavailable_controls,
)
from facechain_ext.ui.template.numbered_faces import face_at, next_choice, number_faces
from facechain_ext.ui.template.restore import restore_settings
from facechain_ext.weights import set_models_folder

HEAD = data.astronaut()[:230, 110:340]


class Host:
    """What the Template page needs of a host that paints nothing."""

    name = "none"

    def __init__(self, folder):
        self.folder = folder

    def capabilities(self):
        return HostCapabilities()

    def output_folder(self):
        return self.folder / "out"

    def save(self, portrait, *, stem="portrait", exact=None):
        path = save_portraits([portrait], self.output_folder(), stem=stem)[0]
        if exact is not None:
            path.write_bytes(exact(portrait.infotext))
        return path


@pytest.fixture
def host(tmp_path):
    set_models_folder(tmp_path / "models")
    yield Host(tmp_path)
    set_models_folder(None)


@pytest.fixture
def files(tmp_path):
    pair, batch_choice, plain = (tmp_path / name for name in ("pair.png", "guest.png", "plain.png"))
    Image.fromarray(np.concatenate([HEAD, HEAD[:, ::-1]], 1)).save(pair)
    Image.fromarray(data.astronaut()[:, ::-1]).save(batch_choice)
    Image.new("RGB", (200, 200), "grey").save(plain)
    return pair, batch_choice, plain


def keep_going(_done, _total):
    return True


def test_faces_are_shown_with_their_numbers(host, files):
    seen = number_faces(files[0])
    assert len(seen.boxes) == 2
    assert seen.picture.size == (460, 230)
    for number, box in enumerate(seen.boxes, 1):
        assert face_at(seen.boxes, (box[0] + box[2]) / 2, (box[1] + box[3]) / 2) == number
    assert face_at(seen.boxes, 1, 1) is None
    assert face_at([(0, 0, 10, 10), (4, 0, 14, 10)], 6, 5) == 1
    assert face_choices(["1 guest.png"]) == [KEEP, PIXELATE, "photo: 1 guest.png"]


def test_request_becomes_a_file_and_the_kept_face_is_the_templates(host, files):
    request = TemplateRequest(files[0], (KEEP, "photo: 1 guest.png"), {"1 guest.png": files[1]})
    made = generate_template(host, request, keep_going)
    again = generate_template(host, request, keep_going)
    assert made.notes == ()
    assert (made.file, again.file) == ("template-0001.png", "template-0002.png")
    kept = Image.open(host.output_folder() / made.file)
    assert kept.text["parameters"] == made.infotext
    before, after = np.asarray(Image.open(files[0])), np.asarray(kept)
    assert np.array_equal(after, np.asarray(made.picture))
    assert np.array_equal(before[:, :200], after[:, :200])
    assert not np.array_equal(before[:, 260:], after[:, 260:])


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ((KEEP, KEEP), "Every face is kept"),
        (("photo: 2 other.png",), "no photo called 2 other.png"),
        (("card: Nobody",), "no card called Nobody"),
        (("card: ../x",), "name"),
    ],
)
def test_impossible_request_writes_nothing(host, files, choices, message):
    with pytest.raises(FaceChainError, match=message):
        generate_template(host, TemplateRequest(files[0], choices, {}), keep_going)
    assert not host.output_folder().exists()


def test_a_bad_template_is_named_and_the_others_go_on(host, files):
    requests = [TemplateRequest(path, (PIXELATE,), {}) for path in (files[2], files[0])]
    made, notes = generate_batch(host, requests, keep_going)
    assert [one.file for one in made] == ["template-0001.png"]
    assert "plain.png: No face was found" in notes[0]


def test_one_bad_card_or_photo_in_a_batch_is_named_and_the_others_go_on(host, files, tmp_path):
    cards = tmp_path / "models" / "cards"
    cards.mkdir(parents=True, exist_ok=True)
    (cards / "Broken.safetensors").write_bytes(b"no card")
    photos = {"1 guest.png": files[1], "2 plain.png": files[2], "3 gone.png": tmp_path / "gone.png"}
    who = ["card: Broken", "photo: 3 gone.png", "photo: 2 plain.png", "photo: 1 guest.png"]
    requests = requests_per_choice([TemplateRequest(files[0], (KEEP, KEEP), photos)], who, 1)
    made, notes = generate_batch(host, requests, keep_going)
    assert [one.batch_choice for one in made if not one.notes] == ["photo: 1 guest.png"]
    for name, said in zip(("Broken", "gone.png", "plain.png"), notes, strict=True):
        assert said.startswith("pair.png, "), said
        assert name in said


def test_a_face_whose_card_is_bad_stays_and_the_others_of_its_template_are_done(host, files):
    made = generate_template(host, TemplateRequest(files[0], ("card: Nobody", PIXELATE), {}), keep_going)
    before, after = np.asarray(Image.open(files[0])), np.asarray(made.picture)
    assert np.array_equal(before[:, :200], after[:, :200])
    assert not np.array_equal(before[:, 260:], after[:, 260:])
    assert "Face 1 is left as it is: There is no card called Nobody" in made.notes[0]


def test_a_stopped_batch_says_how_far_it_came(host, files):
    made, notes = generate_batch(host, [TemplateRequest(files[0], (PIXELATE,), {})] * 2, lambda done, _total: done < 1)
    assert len(made) == 1
    assert notes == ["Stopped after 1 of 2 templates."]


def test_a_click_goes_through_the_choices():
    choices = face_choices(["1 guest.png"])
    seen = [KEEP]
    for _ in range(3):
        seen.append(next_choice(choices, seen[-1]))
    assert seen == [KEEP, PIXELATE, "photo: 1 guest.png", KEEP]
    assert next_choice(choices, "gone") == KEEP


def test_before_and_after_are_told_apart_and_shown_small(host, files, tmp_path):
    large = tmp_path / "large.png"
    Image.open(files[0]).resize((2300, 1150)).save(large)
    made, _ = generate_batch(host, [TemplateRequest(large, (PIXELATE,), {})], keep_going)
    text = comparisons_html(made)
    pictures = [
        Image.open(io.BytesIO(base64.b64decode(part.split(",")[1]))) for part in re.findall(r"src='([^']+)'", text)
    ]
    assert [picture.size for picture in pictures] == [(900, 450)] * 2
    before, after = (np.asarray(picture.convert("RGB"), int) for picture in pictures)
    assert np.abs(before - after)[:, :450].mean() > 5 * np.abs(before - after)[:, 450:].mean()
    assert "large" in made[0].template.name


def test_every_template_with_everybody_in_turn_and_a_contact_sheet(host, files):
    guests = ["photo: 1 guest.png", PIXELATE]
    base = [TemplateRequest(files[0], (KEEP, KEEP), {"1 guest.png": files[1]})] * 2
    assert requests_per_choice(base, [], 0) == base
    requests = requests_per_choice(base, guests, 2)
    assert [request.batch_choice for request in requests] == guests * 2
    made, notes = generate_batch(host, requests, keep_going)
    assert notes == []
    assert [one.batch_choice for one in made] == guests * 2
    before = np.asarray(Image.open(files[0]))
    for one in made:
        after = np.asarray(one.picture)
        assert np.array_equal(before[:, :200], after[:, :200])
        assert not np.array_equal(before[:, 260:], after[:, 260:])
    name, page = contact_sheet(host, made)
    assert (host.output_folder() / "contact-sheet-0001.png").is_file()
    assert name == "contact-sheet-0001.png"
    assert page.width < page.height * 1.5, "two columns, a row for each template"
    assert contact_sheet(host, made)[0] == "contact-sheet-0002.png"


def test_people_in_turn_take_the_largest_face_unless_told_otherwise(host, tmp_path):
    scene = np.full((300, 460, 3), 120, np.uint8)
    scene[:230, :230] = HEAD
    scene[:115, 300:415] = np.asarray(Image.fromarray(HEAD).resize((115, 115)))
    Image.fromarray(scene).save(tmp_path / "two.png")
    made = generate_template(
        host, TemplateRequest(tmp_path / "two.png", (KEEP, KEEP), {}, batch_choice=PIXELATE), keep_going
    )
    changed = (np.asarray(made.picture) != scene).any(-1)
    assert changed[:, :230].any()
    assert not changed[:, 300:].any()
    with pytest.raises(FaceChainError, match="no face number 5"):
        generate_template(
            host,
            TemplateRequest(tmp_path / "two.png", (KEEP, KEEP), {}, batch_choice=PIXELATE, batch_face=5),
            keep_going,
        )


def test_a_restorer_that_is_not_there_is_named(host, files):
    with pytest.raises(FaceChainError, match="no face restorer called GFPGAN"):
        generate_template(host, TemplateRequest(files[0], (PIXELATE,), {}, restorer="GFPGAN"), keep_going)


def test_why_the_faithful_quality_goes_without_a_controlnet_is_said_once_before_the_run():
    capabilities = HostCapabilities(
        controls={"openpose": "It does not fit.", "openpose_face": "It does not fit.", "canny": ""}
    )
    assert unavailable_controls(capabilities, "faithful") == ["It does not fit."]
    assert unavailable_controls(capabilities, "standard") == []
    assert unavailable_controls(HostCapabilities(), "faithful") == ["No ControlNet for this is installed."]


def test_photos_that_do_not_suit_are_named_before_and_marked_after(host, files, tmp_path):
    masked = np.array(data.astronaut())
    masked[130:170, 190:260] = 20
    path = tmp_path / "masked.png"
    Image.fromarray(masked).save(path)
    template, photos, choices = files[0], {"1 masked.png": path}, ["photo: 1 masked.png"]
    (doubt,) = choice_doubts(host, template, photos, "instant", choices)
    assert doubt.startswith("Face 1: ")
    assert "a mask" in doubt
    for quality, chosen in (("standard", choices), ("instant", [KEEP]), ("instant", ["photo: gone"])):
        assert choice_doubts(host, template, photos, quality, chosen) == []
    made = generate_template(host, TemplateRequest(template, tuple(choices), photos), lambda *_: True)
    assert doubt in made.notes
    assert made.label.endswith("(look at face 1)")


class DrawingHost(Host):
    """Draws the pair of heads for every scene, without a queue."""

    def __init__(self, folder):
        super().__init__(folder)
        self.jobs = []

    def queued(self, work):
        return work

    def generate(self, job, *, progress=None, ready=None):
        self.jobs.append(job)
        pair = np.concatenate([HEAD, HEAD[:, ::-1]], 1)
        return [Portrait(Image.fromarray(pair), job.seed, f"{job.prompt}\nSteps: 2, Sampler: Euler")]


def test_a_scene_of_words_is_drawn_and_its_people_put_in(host, files):
    drawing = DrawingHost(host.folder)
    guest = "photo: 1 guest.png"
    request = TemplateRequest(
        Path("scene.png"), ("pixelate", guest), {"1 guest.png": files[1]}, seed=5, scene=Scene("two pilots", tries=1)
    )
    (made,), notes = generate_batch(drawing, [request], keep_going)
    assert notes == []
    (job,) = drawing.jobs
    assert (job.prompt, job.seed, job.people) == ("two pilots", 5, ())
    assert "FaceChain scene: two pilots, FaceChain scene seed: 5" in made.infotext
    assert np.array_equal(made.before[:, :230], HEAD)
    assert not np.array_equal(np.asarray(made.picture), made.before)
    assert "facechain-compare" in comparisons_html([made])
    restored = restore_settings(made.infotext, {"1 guest.png": files[1]}, ())
    assert (restored.scene.words, restored.template, restored.choices[:2]) == ("two pilots", "", request.choices)
    assert restored.notes == ()
