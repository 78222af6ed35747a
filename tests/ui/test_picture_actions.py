"""What the page does with a picture besides putting people in: its requests, its mark, and whole runs."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from skimage import data

pytest.importorskip("gradio", reason="gradio is not installed")

from facechain_ext.errors import InputError
from facechain_ext.hosts.diffusers.serve import ServeFiles, ServeHost
from facechain_ext.jobs.job_request import parse_job_request
from facechain_ext.ui.template.action_names import ACTIONS, BUTTONS, DRAW, GARMENT, REPAIR, PictureRequest, looks
from facechain_ext.ui.template.picture_actions import mark_preview, request_values, run_action

ASTRONAUT = data.astronaut()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    Image.fromarray(ASTRONAUT).save(folder / "photo.png")
    Image.fromarray(ASTRONAUT[:, ::-1]).save(folder / "guest.png")
    mask = np.zeros(ASTRONAUT.shape[:2], np.uint8)
    mask[300:500, 130:400] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    return folder


def request(files, action, **changes):
    photos = {"1 guest.png": files / "guest.png"}
    return PictureRequest(action, (files / "photo.png",), photos, **{"steps": 1, "seed": 3, **changes})


GUEST = ("photo: 1 guest.png",)
REQUESTS = {
    "repair": (REPAIR, {"people": GUEST, "denoise": 0.3}, "detail", {"denoise": 0.3, "seed": 3}),
    "repair with what suits": (REPAIR, {"people": ("card: Anna",)}, "detail", {"seed": 3, "steps": 1}),
    "repair by a method": (REPAIR, {"people": GUEST, "method": "FACT + LoRA"}, "detail", {"method": "FACT + LoRA"}),
    "draw": (DRAW, {"look": "3D", "prompt": " a woman "}, "redraw", {"look": "3D", "prompt": "a woman"}),
    "draw by a method, large": (
        DRAW, {"method": "LoRA", "enlarge": 1024, "enlarge_by": "Lanczos"}, "redraw",
        {"method": "LoRA", "enlarge": 1024, "enlarge_by": "Lanczos"},
    ),
    "repair, large": (REPAIR, {"people": GUEST, "enlarge": 640}, "detail", {"enlarge": 640, "enlarge_by": "auto"}),
    "garment by clicks": (GARMENT, {"people": GUEST, "clicks": ((0.5, 0.8, True), (0.1, 0.1, False))}, "garment", {}),
}  # fmt: skip


@pytest.mark.parametrize("case", REQUESTS)
def test_each_action_is_the_request_of_a_job(files, case):
    action, changes, recipe, settings = REQUESTS[case]
    values, named = request_values(request(files, action, **changes), files / "photo.png")
    parsed = parse_job_request(values)
    assert parsed.recipe == recipe
    assert settings.items() <= values["settings"].items()
    assert named["picture"] == files / "photo.png"
    if action == GARMENT:
        assert parsed.facts.points == (((0.5, 0.8),), ((0.1, 0.1),))


def test_a_garment_that_is_put_on_needs_nobody(files):
    values, named = request_values(
        request(files, GARMENT, people=GUEST, mask=files / "mask.png", worn=files / "guest.png"), files / "photo.png"
    )
    assert parse_job_request(values).facts.people == ()
    assert set(named) >= {"picture", "mask", "worn"}


@pytest.mark.parametrize(
    ("action", "changes", "words"),
    [
        (REPAIR, {}, "Choose whose faces"),
        (REPAIR, {"people": ("photo: 7 gone.png",)}, "no photo called 7 gone"),
        (GARMENT, {"people": GUEST}, "Click into the garment first"),
        (GARMENT, {"clicks": ((0.5, 0.5, True),)}, "Choose one person"),
        (GARMENT, {"clicks": ((0.5, 0.5, False),), "people": GUEST}, "Click into the garment first"),
    ],
)
def test_what_is_lacking_is_named(files, action, changes, words):
    with pytest.raises(InputError, match=words):
        request_values(request(files, action, **changes), files / "photo.png")


def test_the_mark_is_shown_over_the_picture(files):
    plain = np.asarray(mark_preview(files / "photo.png", []))
    assert np.array_equal(plain, ASTRONAUT)
    marked = np.asarray(mark_preview(files / "photo.png", [(0.5, 0.8, True)])).astype(int)
    assert (marked != ASTRONAUT).any(-1).mean() > 0.8, "the rest is darker, but for black"
    assert (marked == (255, 208, 0)).all(-1).sum() > 200, "the border of the mark"


def test_every_action_has_words_for_its_button():
    assert set(BUTTONS) == set(ACTIONS)
    assert looks()[:2] == ["2D", "3D"]
    assert len(looks()) > 50


def test_actions_run_on_a_host_and_their_files_hold_their_settings(files, models, tmp_path):
    served = ServeFiles(models.checkpoint, encoder=models.encoder, adapters={"small": models.adapter})
    host = ServeHost(served, tmp_path)
    garment = request(files, GARMENT, people=GUEST, mask=files / "mask.png")
    seen = []
    results, notes = run_action(host, garment, lambda *step: seen.append(step) or True)
    (one,) = results
    assert (tmp_path / one.file).is_file()
    made, mask = np.asarray(one.picture), np.asarray(Image.open(files / "mask.png")) > 0
    assert np.array_equal(made[mask], ASTRONAUT[mask])
    assert "FaceChain recipe: garment" in Image.open(tmp_path / one.file).text["parameters"]
    assert any("Painted without ControlNet" in note for note in notes)
    assert seen[-1][0] == seen[-1][1]
    drawn, _ = run_action(host, request(files, DRAW), lambda *_: True)
    assert drawn[0].picture.size == (128, 128)
    nothing, said = run_action(host, request(files, REPAIR), lambda *_: True)
    assert (nothing, said) == ([], ["Choose whose faces are repaired, from the left."])
