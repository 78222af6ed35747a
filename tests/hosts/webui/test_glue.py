"""The glue on a small fake host; also run under the host's own pins of gradio, pydantic, numpy and Pillow."""

from __future__ import annotations

import base64
import io
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

gr = pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")
pytest.importorskip("mediapipe", reason="no face detector is installed")

from safetensors.torch import save_file

from tests import unets
from tests.hosts.webui import fake_host
from tests.identity.conftest import SMALL
from tests.methods.fact.conftest import make

PHOTO = (Path(__file__).parent / "astronaut.jpg").read_bytes()
BASE64 = base64.b64encode(PHOTO).decode()


def base64_of(pixels):
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


@pytest.fixture(scope="module")
def unet():
    return unets.ldm_unet()


@pytest.fixture(scope="module")
def models(tmp_path_factory, unet):
    """A host's models folder with a small random encoder and adapter."""
    from dataclasses import replace

    from facechain_ext.identity import TransFace
    from tests.methods.fact import conftest

    folder = tmp_path_factory.mktemp("models")
    ours = folder / "FaceChain"
    ours.mkdir()
    torch.manual_seed(0)
    save_file(TransFace(SMALL).state_dict(), ours / "transface.safetensors")
    kept = conftest.PROJECTOR
    conftest.PROJECTOR = replace(kept, face_width=SMALL.width)
    try:
        _, _, path = make(folder, unet)
    finally:
        conftest.PROJECTOR = kept
    path.rename(ours / "adapter-majic.safetensors")
    return folder


@pytest.fixture
def host(monkeypatch, models):
    installed = fake_host.install(monkeypatch, models)
    from facechain_ext.hosts.webui import script
    from facechain_ext.weights import set_models_folder

    script.register()
    installed.script = script.FaceChainScript()
    yield installed
    set_models_folder(None)


def generation(host, unet, face=None, **settings):
    args = (face if face is not None else {"enabled": False},)
    return fake_host.Generation(unet, host.script, args, host.callbacks.denoiser, **settings)


def untouched(unet):
    return not any(module._forward_hooks or module._forward_pre_hooks for module in unet.modules())


def test_registering_loads_no_model(host):
    from facechain_ext.hosts.webui import models as loaded

    assert loaded._cache == {}
    assert host.script.title() == "FaceChain"


def test_on_changes_the_picture_and_off_leaves_nothing(host, unet):
    bare = generation(host, unet).run()
    face = {"photos": [BASE64], "strength": 1.0}
    run = generation(host, unet, face)
    assert not torch.equal(run.run(), bare)
    assert untouched(unet)
    assert run.extra_generation_params["FaceChain adapter"] == "majic"
    assert len(run.extra_generation_params["FaceChain identity"]) == 8
    for off in ({"photos": [BASE64], "strength": 0.0}, {"photos": [BASE64], "window": [0.3, 0.3]}):
        assert torch.equal(generation(host, unet, off).run(), bare)


@pytest.mark.parametrize("settings", [{}, {"batch": 2}, {"lengths": (14, 7)}])
def test_rows_together_or_apart_give_the_same(host, unet, settings):
    face = {"photos": [BASE64], "strength": 1.0}
    together = generation(host, unet, face, **settings).run()
    apart = generation(host, unet, face, apart=True, **settings).run()
    assert torch.allclose(together, apart, atol=1e-4)


def test_everybody_is_named_in_the_pictures_settings(host, unet):
    from facechain_ext.hosts.webui import people
    from facechain_ext.recipes.infotext import parse_identities

    mirrored = base64_of(np.asarray(Image.open(io.BytesIO(PHOTO)).convert("RGB"))[:, ::-1])
    run = generation(host, unet, {"photos": [BASE64], "people": [{"photos": [mirrored]}]})
    run.run()
    wanted = [("", people.encode_photos((photo,)).digest) for photo in (BASE64, mirrored)]
    assert parse_identities(run.extra_generation_params) == wanted


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


def test_an_error_in_the_middle_leaves_nothing(host, unet):
    bare = generation(host, unet).run()
    with pytest.raises(RuntimeError, match="another script"):
        generation(host, unet, {"photos": [BASE64]}, fail_at=2).run()
    assert untouched(unet)
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
def test_bad_input_goes_on_without_the_face(host, unet, face, reason):
    bare = generation(host, unet).run()
    run = generation(host, unet, face)
    assert torch.equal(run.run(), bare)
    assert run.extra_generation_params["FaceChain"].startswith("off (")
    assert reason in run.extra_generation_params["FaceChain"]
    assert not any(label.startswith("FaceChain ") for label in run.extra_generation_params)


def test_another_kind_of_checkpoint_goes_on_without_the_face(host):
    sd2 = unets.ldm_unet(context=1024)
    run = generation(host, sd2, {"photos": [BASE64]})
    run.run()
    assert "SD2" in run.extra_generation_params["FaceChain"]
    assert untouched(sd2)


def test_the_accordion_gives_back_the_settings(host):
    from facechain_ext.hosts.webui import accordion
    from facechain_ext.recipes.arguments import FaceArguments
    from facechain_ext.recipes.regions import RegionPrompt

    with gr.Blocks():
        components = host.script.ui(is_img2img=False)
    assert len(components) == len(accordion.component_names())
    values = [component.value for component in components]
    built = accordion.read(values)
    assert built == FaceArguments(enabled=False)
    labels = {label for label in host.script.paste_field_names if label.startswith("FaceChain")}
    everything = FaceArguments(face=1, box="0 0 1 1", people=(RegionPrompt("Anna"),), mix_with="Bea", mix_share=1)
    assert labels == {"FaceChain identity", *everything.infotext()}


def test_pasting_restores_every_setting(host):
    from facechain_ext.hosts.webui import accordion
    from facechain_ext.recipes.arguments import FaceArguments
    from facechain_ext.recipes.regions import RegionPrompt

    with gr.Blocks():
        components = host.script.ui(is_img2img=False)
    others = (RegionPrompt("Anna", (0.5, 0.0, 1.0, 1.0)),)
    asked = FaceArguments(
        face=2, adapter="majic", strength=0.8, window=(0.1, 0.9), hires=False, box="0, 0, 0.5, 1", people=others,
        mix_with="Bea", mix_share=35.0,
    )  # fmt: skip
    text = {label: str(value) for label, value in asked.infotext().items()} | {"FaceChain identity": "0123abcd"}
    values = [component.value for component in components]
    for component, reader in host.script.infotext_fields:
        restored = reader(text)
        if restored is not None and component in components:  # others only tell the user something
            values[components.index(component)] = restored
    assert accordion.read(values) == asked


def test_nothing_is_restored_from_a_picture_without_a_face(host):
    with gr.Blocks():
        host.script.ui(is_img2img=False)
    assert all(reader({"Steps": "20"}) is None for _, reader in host.script.infotext_fields)


def test_the_preview_shows_the_face_or_says_why_not(host, tmp_path, monkeypatch):
    from facechain_ext.hosts.webui import preview

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    uploaded = tmp_path / "photo.jpg"
    uploaded.write_bytes(PHOTO)
    faces, words = preview.preview([types.SimpleNamespace(name=str(uploaded))], "", 0)
    assert [face.shape for face in faces] == [(112, 112, 3)]
    assert "fine" in words
    faces, words = preview.preview([types.SimpleNamespace(name=__file__)], "", 0)
    assert faces == []
    assert "uploaded" in words
    assert preview.preview(None, "", 0)[0] == []


def test_choosing_other_photos_clears_what_was_seen_of_the_old_ones(host):
    from facechain_ext.hosts.webui import preview

    with gr.Blocks() as page:
        host.script.ui(is_img2img=False)
    photos, seen, previewed = (
        number
        for name in ("photos", "seen", "previewed")
        for number, block in page.blocks.items()
        if block.elem_id == host.script.elem_id(name)
    )
    events = page.config["dependencies"]
    (clears,) = (one for one in events if (one["inputs"], one["outputs"]) == ([], [seen, previewed]))
    assert str(photos) in str(clears["targets"])  # a number in gradio 3, a pair with the event's name in gradio 4
    gallery, words = preview.clear_preview()
    assert (gallery["value"], gallery["visible"], words) == ([], False, "")


def test_a_saved_card_is_found_by_its_name(host, unet):
    from facechain_ext.hosts.webui import pasting, people
    from facechain_ext.identity.library import CardLibrary

    person = people.encode_photos((BASE64,), name="Anna")
    CardLibrary().save(person, "Anna")
    try:
        run = generation(host, unet, {"card": "Anna", "strength": 1.0})
        assert not torch.equal(run.run(), generation(host, unet).run())
        assert run.extra_generation_params["FaceChain identity"].startswith("Anna (")
        assert pasting.restored_card({"FaceChain identity": f"Anna ({person.digest})"}) == "Anna"
    finally:
        CardLibrary().delete("Anna")


def test_a_card_is_saved_with_consent_and_deleted(host, tmp_path, monkeypatch):
    from facechain_ext.hosts.webui import card_row
    from facechain_ext.identity.library import CardLibrary

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    uploaded = tmp_path / "photo.jpg"
    uploaded.write_bytes(PHOTO)
    photos = [types.SimpleNamespace(name=str(uploaded))]
    for wrong, words in (
        ((photos, 0, "Anna", False), "agrees"),
        ((None, 0, "Anna", True), "no photo"),
        ((photos, 0, "../x", True), "name"),
        ((photos, 9, "Anna", True), "no face number 9"),
    ):
        assert words in card_row.save_photos(*wrong)[1]
        assert CardLibrary().names() == []
    update, words = card_row.save_photos(photos, 0, " Anna ", consent=True)
    assert update["value"] == "Anna"
    assert "Saved Anna" in words
    assert "already" in card_row.save_photos(photos, 0, "Anna", consent=True)[1]
    closed, *_, words = card_row.ask_to_delete("")
    assert (closed["visible"], "Choose" in words) == (False, True)
    opened, question, asked, _ = card_row.ask_to_delete("Anna")
    assert (opened["visible"], asked, CardLibrary().names()) == (True, "Anna", ["Anna"])
    assert "Delete Anna?" in question
    assert card_row.close_question()["visible"] is False
    assert "Deleted Anna" in card_row.delete("Anna")[1]
    assert list(CardLibrary().folder.iterdir()) == []


@pytest.fixture
def axes(host):
    """Our axes by their names, as the plot has them."""
    from facechain_ext.hosts.webui import xyz

    class AxisOption:
        """The plot's description of an axis."""

        def __init__(self, label, kind, apply, *, choices=None, confirm=None):
            self.label, self.kind, self.apply, self.choices, self.confirm = label, kind, apply, choices, confirm

    module = types.SimpleNamespace(axis_options=[], AxisOption=AxisOption)
    host.scripts.scripts_data.append(types.SimpleNamespace(path="scripts/xyz_grid.py", module=module))
    xyz.register_axes()
    xyz.register_axes()
    assert all(option.label.startswith("[FaceChain] ") for option in module.axis_options)
    named = {option.label.removeprefix("[FaceChain] "): option for option in module.axis_options}
    assert len(named) == len(module.axis_options)
    return named


def test_axes_set_values_on_the_run_and_nowhere_else(host, unet, axes):
    assert set(axes) == {"Strength", "Window start", "Window end", "Adapter", "Card", "Style"}
    face = {"photos": [BASE64], "strength": 1.0}
    run = generation(host, unet, face)
    axes["Strength"].apply(run, 0.25, [])
    run.run()
    assert run.extra_generation_params["FaceChain strength"] == 0.25
    wrong = generation(host, unet, face)
    axes["Strength"].apply(wrong, 7.0, [])
    wrong.run()
    assert "strength" in wrong.extra_generation_params["FaceChain"]


def test_the_style_axis_adds_the_words_of_a_style_and_the_lora_that_the_host_has(host, axes, tmp_path, monkeypatch):
    from facechain_ext.styles import catalogue

    plain = next(style for style in catalogue().values() if style.lora is None)
    p = types.SimpleNamespace(prompt="a woman", negative_prompt="")
    axes["Style"].apply(p, plain.en, [])
    assert p.prompt == f"a woman, {plain.prompt}"
    assert p.negative_prompt == plain.full_negative
    assert plain.en in axes["Style"].choices()

    with_lora = next(style for style in catalogue().values() if style.lora is not None)
    file = tmp_path / with_lora.lora.file
    file.touch()
    monkeypatch.setattr(host.shared.cmd_opts, "lora_dir", str(tmp_path), raising=False)
    known = {file.stem: types.SimpleNamespace(filename=str(file))}
    monkeypatch.setitem(sys.modules, "networks", types.SimpleNamespace(available_networks=known))
    p = types.SimpleNamespace(prompt="a woman", negative_prompt="hat")
    axes["Style"].apply(p, with_lora.key, [])
    assert p.prompt == f"a woman, {with_lora.positive}, <lora:{file.stem}:{with_lora.lora.weight:g}>"
    assert p.negative_prompt.startswith("hat, ")


@pytest.mark.parametrize(
    ("axis", "value"), [("Style", "no such style"), ("Card", "Nobody"), ("Adapter", "none"), ("Strength", float("nan"))]
)
def test_a_cell_with_a_value_that_is_not_there_says_so_and_the_others_are_made(host, unet, axes, axis, value):
    face = {"photos": [BASE64], "strength": 1.0}
    wanted = generation(host, unet, face).run()
    wrong, good = generation(host, unet, face), generation(host, unet, face)
    good.extra_generation_params = wrong.extra_generation_params  # as the plot's cells share it
    assert getattr(axes[axis], "confirm", None) is None
    axes[axis].apply(wrong, value, [])
    wrong.run()
    assert str(value) in wrong.extra_generation_params["FaceChain"]
    assert any(str(value) in comment for comment in wrong.comments)
    assert torch.equal(good.run(), wanted)
    assert "FaceChain" not in good.extra_generation_params


DARK = base64_of(np.asarray(Image.open(io.BytesIO(PHOTO)).convert("RGB")) // 16)


def test_what_is_doubtful_or_left_out_is_in_the_answer_and_in_no_picture(host, unet):
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


def test_photos_beside_a_card_are_said_to_be_left_out(host, unet):
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


def test_two_cards_are_mixed_as_on_the_tab_and_the_mix_is_restored(host, unet):
    from facechain_ext.hosts.webui import pasting, people
    from facechain_ext.identity import Identity
    from facechain_ext.identity.library import CardLibrary

    mirrored = base64_of(np.asarray(Image.open(io.BytesIO(PHOTO)).convert("RGB"))[:, ::-1])
    anna, bea = people.encode_photos((BASE64,), name="Anna"), people.encode_photos((mirrored,), name="Bea")
    for person in (anna, bea):
        CardLibrary().save(person, person.name)
    try:
        run = generation(host, unet, {"card": "Anna", "mix_with": "Bea", "mix_share": 35})
        run.run()
        told = run.extra_generation_params
        assert told["FaceChain identity"].endswith(f"({Identity.mix([(anna, 0.65), (bea, 0.35)]).digest})")
        assert pasting.restored_card(told) == "Anna"
        assert [pasting.setting_reader(name)(told) for name in ("mix_with", "mix_share")] == ["Bea", 35.0]
        assert pasting.restore_notes(told) is None
    finally:
        for person in (anna, bea):
            CardLibrary().delete(person.name)


def test_a_picture_of_one_person_takes_the_others_of_the_accordion_away(host):
    from facechain_ext.hosts.webui import pasting

    told = {"FaceChain identity": "0123abcd", "FaceChain strength": "0.5"}
    restored = {name: pasting.setting_reader(name)(told) for name in ("people", "box", "mix_with", "mix_share", "face")}
    assert restored == {"people": "", "box": "", "mix_with": "", "mix_share": 0.0, "face": 0}
    assert pasting.restored_card(told) == ""
    assert pasting.setting_reader("hires")(told) is None


@pytest.mark.parametrize("text", ["nan", "99", "²", "much", "9" * 400])
def test_a_setting_that_cannot_be_is_left_as_it_is_and_said(host, text):
    from facechain_ext.hosts.webui import pasting

    told = {"FaceChain identity": "0123abcd", "FaceChain strength": text}
    assert pasting.setting_reader("strength")(told) is None
    assert "trength" in pasting.restore_notes(told)


@pytest.mark.parametrize("value", [10**30, [[10**30]], {"a": 2**64}, -(2**63) - 1, [[[[[[]]]]]] * 2, "deep"])
def test_a_request_can_be_repeated_in_the_answer_whatever_is_in_it(host, value):
    import json

    from facechain_ext.errors import InputError
    from facechain_ext.hosts.webui import accordion

    if value == "deep":
        value = []
        for _ in range(300):
            value = [value]
    asked = {"photos": [BASE64], "face": value}
    with pytest.raises(InputError, match="face is a number"):
        accordion.read([asked])
    assert asked["photos"] == [BASE64]
    assert len(json.dumps(asked["face"])) < 100


def test_photos_of_the_tab_come_along_to_the_accordion_and_nobody_else_gets_them(host, tmp_path):
    from facechain_ext.hosts.webui import pasting, photo_tokens

    photo = tmp_path / "photo.jpg"
    photo.write_bytes(PHOTO)
    text = photo_tokens.add_photo_token("a woman\nSteps: 20, Seed: 1, FaceChain identity: 0123abcd", [photo])
    told = {"FaceChain identity": "0123abcd", photo_tokens.LABEL: text.rpartition(": ")[2]}
    assert pasting.restored_photos(told)["value"] == [str(photo)]
    assert "came along" in pasting.restore_notes(told)
    for other in ({"FaceChain identity": "0123abcd"}, {**told, photo_tokens.LABEL: "0" * 32}):
        assert pasting.restored_photos(other) is None
    photo.unlink()
    assert pasting.restored_photos(told) is None
    assert photo_tokens.add_photo_token("", [photo]) == ""
    assert photo_tokens.add_photo_token("a text", []) == "a text"


def test_a_strict_request_makes_no_picture_and_is_refused(host, unet, monkeypatch):
    fastapi = pytest.importorskip("fastapi")
    import json

    from fastapi.testclient import TestClient

    from facechain_ext.hosts.webui import strict_answers

    state = types.SimpleNamespace(interrupted=False, stopping_generation=False)
    state.interrupt = lambda: setattr(state, "interrupted", True)
    monkeypatch.setattr(host.shared, "state", state)
    app = fastapi.FastAPI()

    @app.post("/sdapi/v1/txt2img")
    def txt2img(face: dict = fastapi.Body()):  # noqa: B008 - fastapi's way
        run = generation(host, unet, face)
        run.run()
        return {"images": ["x"], "info": json.dumps({"extra_generation_params": run.extra_generation_params})}

    strict_answers.add_middleware(app)
    client = TestClient(app)
    good = {"photos": [BASE64], "strict": True}
    for face, words in [
        (good, None),
        ({**good, "strict": False, "face": 9}, None),
        ({**good, "face": 9}, "no face number 9"),
        ({**good, "face": 10**30}, "face is a number"),
        ({**good, "card": "Nobody"}, "no card called Nobody"),
        ({**good, "photos": [BASE64, "aGVsbG8="]}, "Photo 2"),
        ({**good, "colour": 1}, "no setting 'colour'"),
    ]:
        state.interrupted = False
        answer = client.post("/sdapi/v1/txt2img", json=face)
        assert answer.status_code == (200 if words is None else 422), face
        assert state.interrupted is (words is not None)
        if words is not None:
            assert words in answer.json()["detail"]


def test_a_template_portrait_over_the_api(monkeypatch, models):
    fastapi = pytest.importorskip("fastapi")
    from fastapi.testclient import TestClient

    fake_host.install(monkeypatch, models)
    from facechain_ext.hosts.webui import routes, template_route

    monkeypatch.setattr(template_route, "_webui_host", lambda: None)  # the instant quality asks nothing of the webui
    app = fastapi.FastAPI()
    routes.add_routes(None, app)
    client = TestClient(app)
    pixels = np.asarray(Image.open(io.BytesIO(PHOTO)).convert("RGB"))
    mirrored = base64_of(pixels[:, ::-1])

    def ask(**order):
        return client.post("/facechain/v1/template", json={"template": base64_of(pixels), **order})

    answer = ask(faces={"1": {"photo": mirrored}}).json()
    made = np.asarray(Image.open(io.BytesIO(base64.b64decode(answer["picture"]))))
    assert made.shape == pixels.shape
    assert 0 < (made != pixels).any(-1).mean() < 0.3
    assert (answer["faces"], answer["notes"], answer["info"]["left_out"]) == (1, [], [])
    inside = Image.open(io.BytesIO(base64.b64decode(answer["picture"]))).text["parameters"]
    assert inside == answer["info"]["infotext"]
    assert "FaceChain recipe: template" in inside
    for order, words in [
        ({}, "faces says who goes where"),
        ({"faces": {"2": "keep"}}, "no face number 2"),
        ({"faces": {"one": "keep"}}, "is no number"),
        ({"faces": {"1": "keep", " 1": "pixelate"}}, "named twice"),
        ({"faces": {"1": "/etc/passwd"}}, "a face becomes"),
        ({"faces": {"1": {"photo": "/etc/passwd"}}}, "picture"),
        ({"faces": {"1": {"photo": base64_of(pixels)}}}, "own photo"),
        ({"faces": {"1": "pixelate"}, "settings": {"quality": "best"}}, "quality is 'best'"),
        ({"faces": {"1": "pixelate"}, "settings": {"steps": 0}}, "set it to 1 to 150"),
        ({"faces": {"1": "pixelate"}, "settings": {"controls": []}}, "knows no setting 'controls'"),
        ({"faces": {"1": "pixelate"}, "file": "x"}, "a template portrait takes"),
        ({"faces": {str(10**30): "keep"}}, "is no number"),
        ({"faces": {"²": "keep"}}, "is no number"),
        ({"faces": {"1": "pixelate"}, "settings": {"denoise": 10**400}}, "too many digits"),
        ({"faces": {"1": "pixelate"}, "settings": {"seed": 10**30}}, "set it to 0 to 4294967295"),
        ({"faces": {"1": "pixelate"}, "strict": 1}, "strict is true or false"),
    ]:
        refused = ask(**order)
        assert refused.status_code == 422, order
        assert words in refused.json()["detail"]


def test_what_a_template_request_leaves_out_is_in_its_info_and_refused_when_strict(monkeypatch, models):
    fake_host.install(monkeypatch, models)
    from facechain_ext.errors import InputError
    from facechain_ext.hosts.webui.template_route import create_template_portrait as made

    pixels = np.asarray(Image.open(io.BytesIO(PHOTO)).convert("RGB"))
    pair = np.concatenate([pixels, pixels[:, ::-1]], 1)
    faces = {"1": {"card": "Nobody"}, "2": "pixelate"}
    answer = made({"template": base64_of(pair), "faces": faces})
    (said,) = answer["info"]["left_out"]
    assert said.startswith("Face 1 is left as it is: There is no card called Nobody")
    assert answer["notes"] == [said]
    with pytest.raises(InputError, match="Face 1 is left as it is: There is no card called Nobody"):
        made({"template": base64_of(pair), "faces": faces, "strict": True})
    nobody = {"1": {"photo": base64_of(np.full((200, 200, 3), 90, np.uint8))}, "2": "pixelate"}
    assert "Face 1" in made({"template": base64_of(pair), "faces": nobody})["info"]["left_out"][0]
    with pytest.raises(InputError, match="Face 1 is left as it is"):
        made({"template": base64_of(pair), "faces": nobody, "strict": True})


@pytest.mark.parametrize("auth", [None, "anna:secret,ben:word"])
def test_routes_ask_for_the_hosts_password(monkeypatch, models, auth):
    fastapi = pytest.importorskip("fastapi")
    from fastapi.testclient import TestClient

    fake_host.install(monkeypatch, models, api_auth=auth)
    from facechain_ext.hosts.webui import routes

    app = fastapi.FastAPI()
    routes.add_routes(None, app)
    client = TestClient(app)
    right = ("ben", "word") if auth else None
    assert client.get("/facechain/v1/version", auth=right).json()["version"]
    (face,) = client.post("/facechain/v1/detect", json={"photo": BASE64}, auth=right).json()
    assert face["number"] == 1
    assert client.post("/facechain/v1/detect", json={"photo": "/etc/passwd"}, auth=right).status_code == 422
    if auth:
        for path in ("version", "schema", "adapters", "cards"):
            assert client.get(f"/facechain/v1/{path}").status_code == 401
            assert client.get(f"/facechain/v1/{path}", auth=("ben", "secret")).status_code == 401
