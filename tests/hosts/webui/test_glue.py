"""The script in a fake host; also run with the package versions that A1111 pins."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from tests.detectors import need_detector

pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")
need_detector()

from tests import unets
from tests.hosts.webui.fake_host import generation, is_unhooked
from tests.hosts.webui.photo import BASE64, PHOTO, base64_of, mirrored_photo


@pytest.fixture(scope="module")
def models(encoder_models):
    return encoder_models


def test_registering_loads_no_model(host):
    from facechain_ext.hosts.webui import models as loaded

    assert loaded._cache == {}
    assert host.script.title() == "FaceChain"


def test_on_changes_the_picture_and_off_leaves_nothing(host, unet):
    bare = generation(host, unet).run()
    face = {"photos": [BASE64], "strength": 1.0}
    run = generation(host, unet, face)
    assert not torch.equal(run.run(), bare)
    assert is_unhooked(unet)
    assert run.extra_generation_params["FaceChain adapter"] == "majic"
    assert len(run.extra_generation_params["FaceChain identity"]) == 8
    for off in ({"photos": [BASE64], "strength": 0.0}, {"photos": [BASE64], "window": [0.3, 0.3]}):
        assert torch.equal(generation(host, unet, off).run(), bare)


@pytest.mark.parametrize("settings", [{}, {"batch": 2}, {"lengths": (14, 7)}])
def test_batched_and_separate_rows_give_the_same(host, unet, settings):
    face = {"photos": [BASE64], "strength": 1.0}
    batched = generation(host, unet, face, **settings).run()
    separate = generation(host, unet, face, apart=True, **settings).run()
    assert torch.allclose(batched, separate, atol=1e-4)


def test_the_infotext_names_every_person(host, unet):
    from facechain_ext.hosts.webui import people
    from facechain_ext.recipes.infotext import parse_identities

    mirrored = mirrored_photo()
    run = generation(host, unet, {"photos": [BASE64], "people": [{"photos": [mirrored]}]})
    run.run()
    expected = [("", people.encode_photos((photo,)).digest) for photo in (BASE64, mirrored)]
    assert parse_identities(run.extra_generation_params) == expected


def test_speedups_are_named_in_the_picture_and_restored(host, unet):
    from facechain_ext.recipes.infotext import SPEEDUPS

    for setup in host.callbacks.settings:
        setup()
    face = {"photos": [BASE64], "strength": 1.0}
    exact = generation(host, unet, face)
    exact.run()
    labels = {one.infotext for one in SPEEDUPS}
    assert not labels & set(exact.extra_generation_params)
    restoring = {info.infotext: key for key, info in host.shared.opts.added.items() if info.infotext}
    assert set(restoring) == labels
    for label, key in restoring.items():
        setattr(host.shared.opts, key, True)
        run = generation(host, unet, face)
        run.run()
        setattr(host.shared.opts, key, False)
        assert run.extra_generation_params[label] is True
        pasted = {"FaceChain identity": "0123abcd", label: "True"}
        host.callbacks.pasted[0]("", pasted)
        assert {name: pasted[name] for name in labels} == {name: str(name == label) for name in labels}
    other = {"Steps": "20"}
    host.callbacks.pasted[0]("", other)
    assert other == {"Steps": "20"}


def test_an_error_during_sampling_leaves_no_hook(host, unet):
    bare = generation(host, unet).run()
    with pytest.raises(RuntimeError, match="another script"):
        generation(host, unet, {"photos": [BASE64]}, fail_at=2).run()
    assert is_unhooked(unet)
    assert torch.equal(generation(host, unet).run(), bare)


def test_the_hires_pass_can_go_without(host, unet):
    face = {"photos": [BASE64], "strength": 1.0, "hires": False}
    bare = generation(host, unet, is_hr_pass=True).run()
    assert torch.equal(generation(host, unet, face, is_hr_pass=True).run(), bare)
    assert not torch.equal(generation(host, unet, face).run(), bare)


@pytest.mark.parametrize(
    ("face", "reason"),
    [
        ({"photos": ["aGVsbG8="]}, "picture"),
        ({"photos": ["/etc/passwd"]}, "picture"),
        ({"photos": [3]}, "neither"),
        ({}, "no photo"),
        ({"card": "../x"}, "name"),
        ({"card": "nobody"}, "no card"),
        ({"strength": 9}, "strength"),
        ({"photoz": []}, "no setting"),
        ({"photos": [BASE64], "adapter": "other"}, "no adapter"),
    ],
)
def test_bad_input_continues_without_the_face(host, unet, face, reason):
    bare = generation(host, unet).run()
    run = generation(host, unet, face)
    assert torch.equal(run.run(), bare)
    assert run.extra_generation_params["FaceChain"].startswith("off (")
    assert reason in run.extra_generation_params["FaceChain"]
    assert "off (FaceChain:" not in run.extra_generation_params["FaceChain"]
    assert not any(label.startswith("FaceChain ") for label in run.extra_generation_params)


def test_another_model_family_continues_without_the_face(host):
    sd2 = unets.ldm_unet(context=1024)
    run = generation(host, sd2, {"photos": [BASE64]})
    run.run()
    assert "SD2" in run.extra_generation_params["FaceChain"]
    assert is_unhooked(sd2)


DARK = base64_of(np.asarray(Image.open(io.BytesIO(PHOTO)).convert("RGB")) // 16)


def test_notes_about_photos_are_in_the_answer_and_in_no_picture(host, unet):
    run = generation(host, unet, {"photos": [DARK, "aGVsbG8="]})
    run.run()
    notes = run.answer.extra_generation_params["FaceChain notes"]
    assert any("too dark" in note for note in notes)
    assert any(note.startswith("Photo 2:") for note in notes)
    assert "FaceChain notes" not in run.extra_generation_params
    assert [f"FaceChain: {note}" for note in notes] == run.comments
    good = generation(host, unet, {"photos": [BASE64]})
    good.run()
    assert "FaceChain notes" not in good.answer.extra_generation_params


def test_photos_beside_a_card_are_reported_as_left_out(host, unet):
    from facechain_ext.hosts.webui import people
    from facechain_ext.identity.library import CardLibrary

    CardLibrary().save(people.encode_photos((BASE64,)), "Anna")
    try:
        run = generation(host, unet, {"card": "Anna", "photos": [DARK]})
        run.run()
        (note,) = run.answer.extra_generation_params["FaceChain notes"]
        assert "photos beside it are left out" in note
    finally:
        CardLibrary().delete("Anna")
