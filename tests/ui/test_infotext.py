"""What a picture's settings text keeps of the page, and that it comes back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facechain_ext.errors import InputError
from facechain_ext.identity import Identity
from facechain_ext.identity.library import CardLibrary
from facechain_ext.ui.portrait.form import DEFAULTS, FIELDS, NO_LORA, settings_from_form
from facechain_ext.ui.portrait.infotext import from_infotext, to_infotext
from facechain_ext.ui.portrait.person_request import PersonRequest
from facechain_ext.ui.portrait.result import PortraitRequest, plan_job
from facechain_ext.weights import set_models_folder
from tests.encoders import small_encoder
from tests.ui.fakes import FACE, FakeHost

FREE = {"style": st.sampled_from(["", "watercolour", "oil-portrait", "charcoal"]),
        "prompt": st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40).map(str.strip),
        "negative": st.sampled_from(["", "hat, scarf", 'with "quotes": and signs']),
        "subject": st.sampled_from(["", "portrait of a woman", "a man, old"]),
        "others": st.just(""),  # people are cards of a library; below
        "box": st.sampled_from(["", "0, 0, 0.5, 1"]),
        "adapter": st.sampled_from(["majic"]),  # "auto" becomes the adapter's name in a picture
        "lora": st.sampled_from([DEFAULTS["lora"], NO_LORA]),
        "sampler": st.sampled_from(["Euler a", "DPM++ 2M Karras", "DPM++ SDE", "DDIM", "Heun Exponential"]),
        "strength_curve": st.sampled_from(["", "0:0, 0.2:1, 1:0.5"]),
        "enlarge_by": st.sampled_from(["auto", "Lanczos"]),
        "hires_upscaler": st.sampled_from(["Latent", "Lanczos"])}  # fmt: skip


def value_of(field):
    if field.name in FREE:
        return FREE[field.name]
    if isinstance(field.default, bool):
        return st.booleans()
    if field.choices:
        return st.sampled_from(field.choices)
    if isinstance(field.default, int):
        places = round((field.high - field.low) / field.step)
        return st.integers(0, places).map(lambda n: field.low + n * int(field.step))
    return st.floats(field.low, field.high)


FORMS = st.fixed_dictionaries({field.name: value_of(field) for field in FIELDS}).map(
    lambda form: {
        **form,
        "window_start": min(form["window_start"], form["window_end"]),
        "window_end": max(form["window_start"], form["window_end"]),
        "width": form["width"] // 8 * 8,
        "height": form["height"] // 8 * 8,
        "suits": "anyone",
    }
)


@pytest.fixture(scope="module")
def person():
    return Identity.from_photos(FACE, small_encoder())


@pytest.fixture
def host(tmp_path):
    return FakeHost(tmp_path)


def text_for(host, identity, form, person=None):
    chosen = settings_from_form(form, form["seed"] % 2**32)
    job, _ = plan_job(host, identity, PortraitRequest(person or PersonRequest(), form), chosen)
    (portrait,) = host.generate(replace(job, count=1))
    return portrait.infotext


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(form=FORMS)
def test_the_whole_form_comes_back_from_a_picture(host, person, form):
    text = text_for(host, person, form)
    found = from_infotext(text, host.capabilities(), []).form
    expected = {**form, "seed": form["seed"] % 2**32}
    if not form["hires"]:  # without a second pass its settings are not in the picture
        for name in ("hires_scale", "hires_denoise", "hires_steps", "hires_upscaler"):
            expected[name] = DEFAULTS[name]
    assert found == expected


def test_no_number_of_the_face_is_written(host, person):
    text = text_for(host, person, DEFAULTS | {"seed": 1})
    assert person.digest in text
    for values in (person.embeddings, person.face_tokens):
        assert not any(f"{float(number):.4f}" in text for number in values.flatten()[:200] if abs(number) > 0.01)


def test_cards_and_mixing_come_back_when_they_are_there(host, person):
    request = PersonRequest(card="Anna", second="Bea, the second", mix=35, face=2)
    text = text_for(host, person, DEFAULTS | {"seed": 1}, request)
    restored = from_infotext(text, host.capabilities(), ["Anna", "Bea, the second"])
    assert (restored.card, restored.second, restored.mix, restored.face) == ("Anna", "Bea, the second", 35, 2)
    without_card = from_infotext(text, host.capabilities(), ["Anna"])
    assert (without_card.card, without_card.second, without_card.mix) == ("Anna", "", 0)
    assert any("Bea" in note for note in without_card.notes)


def test_photos_are_not_named():
    from pathlib import Path

    assert not any(
        "secret" in value
        for value in to_infotext(DEFAULTS, PersonRequest(photos=(Path("/home/me/secret.png"),))).values()
    )


def test_what_is_not_here_any_more_is_said(host, person):
    text = text_for(host, person, DEFAULTS | {"seed": 1, "style": "watercolour", "sampler": "Heun", "adapter": "majic"})
    text = text.replace("FaceChain style: watercolour", "FaceChain style: gone").replace(
        "Sampler: Heun", "Sampler: Moon"
    )
    host.offering(adapters=("auto",))
    restored = from_infotext(text, host.capabilities(), [])
    assert (restored.form["style"], restored.form["sampler"], restored.form["adapter"]) == (
        "",
        "DPM++ 2M Karras",
        "auto",
    )
    assert sum(name in " ".join(restored.notes) for name in ("gone", "Moon", "majic")) == 3


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("Steps: 25", "Steps: many", "Steps"),
        ("FaceChain strength: 0.5", "FaceChain strength: 99", "strength"),
        ("FaceChain window: 0-1", "FaceChain window: x", "face"),
    ],
)
def test_a_value_that_does_not_fit_is_said_and_the_rest_is_restored(host, person, before, after, words):
    text = text_for(host, person, DEFAULTS | {"seed": 1, "prompt": "by the sea", "hires_face": False})
    assert before in text
    restored = from_infotext(text.replace(before, after), host.capabilities(), [])
    assert words in " ".join(restored.notes)
    assert (restored.form["prompt"], restored.form["hires_face"]) == ("by the sea", False)


def test_a_picture_of_the_webui_gives_its_prompts(host):
    text = (
        "a castle <lora:x:1>\nNegative prompt: fog\nSteps: 30, Sampler: Euler a, CFG scale: 5, Seed: 9, Size: 640x448"
    )
    restored = from_infotext(text, host.capabilities(), []).form
    assert (restored["prompt"], restored["negative"], restored["subject"], restored["steps"]) == (
        "a castle",
        "fog",
        "",
        30,
    )
    assert (restored["sampler"], restored["cfg"], restored["seed"], restored["width"], restored["height"]) == (
        "Euler a",
        5.0,
        9,
        640,
        448,
    )


@pytest.mark.parametrize("text", ["", "a castle", "x" * 300_000, "Steps: 1"])
def test_a_text_without_settings_is_refused(host, text):
    with pytest.raises(InputError, match="no settings"):
        from_infotext(text, host.capabilities(), [])


def test_several_people_come_back_and_a_missing_card_is_named(host, person, tmp_path):
    set_models_folder(tmp_path / "models")
    try:
        CardLibrary().save(person, "Anna")
        form = {**DEFAULTS, "seed": 1, "others": "Anna: 0.5, 0, 1, 1\n", "box": "0, 0, 0.5, 1"}
        text = text_for(host, person, form)
    finally:
        set_models_folder(None)
    here, without_card = (from_infotext(text, host.capabilities(), cards) for cards in (["Anna"], []))
    assert (here.form["others"], here.form["box"]) == ("Anna: 0.5, 0, 1, 1", "0, 0, 0.5, 1")
    assert not any("called Anna" in note for note in here.notes)
    assert any("called Anna" in note for note in without_card.notes)
    broken = from_infotext(text.replace("Anna: 0.5", "Anna: x0.5"), host.capabilities(), [])
    assert any("Anna" in note for note in broken.notes)


def test_a_person_and_a_mix_of_the_accordion_come_over(host):
    plain = "a room\nSteps: 5, Sampler: Euler, CFG scale: 7, FaceChain identity: Anna (0123abcd)"
    restored = from_infotext(plain, host.capabilities(), ["Anna"])
    assert (restored.card, restored.second, restored.notes) == ("Anna", "", [])
    mixed = f"{plain}, FaceChain card: Anna, FaceChain mix with: Bea, FaceChain mix share: 35"
    restored = from_infotext(mixed, host.capabilities(), ["Anna", "Bea"])
    assert (restored.card, restored.second, restored.mix) == ("Anna", "Bea", 35)


def test_what_the_form_does_not_hold_is_said(host):
    text = (
        "a room\nSteps: 5, Sampler: Euler, CFG scale: 7, FaceChain identity: 0123abcd; Anna (0000000a); 89abcdef, "
        "FaceChain every second step: True"
    )
    here = from_infotext(text, host.capabilities(), [])
    assert any("0123abcd" in note for note in here.notes)
    assert any("89abcdef" in note for note in here.notes)
    assert any("only a webui has" in note for note in here.notes)
    for on, word in ((False, "is off now"), (True, None)):
        host.offering(speedups={"FaceChain every second step": on, "FaceChain only where it acts": False})
        notes = " ".join(from_infotext(text, host.capabilities(), []).notes)
        assert word in notes if word else "second step" not in notes
    host.offering(speedups={"FaceChain only where it acts": True})
    assert any("is on now" in note for note in from_infotext(text, host.capabilities(), []).notes)


def test_people_of_the_accordion_come_over(host):
    text = 'a room\nSteps: 5, Sampler: Euler, CFG scale: 7, FaceChain people: "Bob: 0.5, 0, 1, 1"'
    found = from_infotext(text, host.capabilities(), ["Bob"])
    assert found.form["others"] == "Bob: 0.5, 0, 1, 1"
