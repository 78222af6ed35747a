"""The face acts only during the sampling that it was attached for, and never after an error."""

from __future__ import annotations

import importlib.util
import types
from pathlib import Path

import pytest
import torch
from PIL import Image

gr = pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")

from tests import unets
from tests.hosts.webui.fake_host import generation, is_unhooked


@pytest.fixture(scope="module")
def models(card_models):
    return card_models


ROOT = Path(__file__).resolve().parents[3]
CARD = {"card": "Anna", "strength": 1.0}


def test_every_batch_gets_the_face_and_the_generation_can_be_repeated(host, unet):
    run = generation(host, unet, CARD, batches=3)
    first = run.run()
    assert not torch.equal(first[0], generation(host, unet).run()[0])
    assert torch.equal(first[0], first[1])
    assert torch.equal(first[0], first[2])
    assert "sample" not in vars(run)
    assert torch.equal(run.run(), first)
    assert is_unhooked(unet)


def test_several_people_act_each_in_its_own_region(host, unet):
    single = generation(host, unet, CARD).run()
    pair = CARD | {"box": [0, 0, 0.5, 1], "people": [{"card": "Anna", "box": [0.5, 0, 1, 1]}]}
    both = generation(host, unet, pair)
    assert not torch.equal(both.run(), generation(host, unet).run())
    assert both.extra_generation_params["FaceChain people"] == "Anna: 0.5, 0, 1, 1"
    everywhere = CARD | {"box": "0 0 1 1", "people": "Anna: 0, 0, 1, 1"}
    same = generation(host, unet, everywhere).run()  # the same person twice over all of it is that person once
    assert torch.allclose(same, single, atol=1e-4)
    assert is_unhooked(unet)


def first_increments(host, unet, other):
    """What each block adds in the first step, with Anna on the left and ``other`` on the right."""
    from facechain_ext.hosts.webui.face_run import FaceRun

    seen = {}

    def watch(_params):
        if not seen:
            FaceRun.current._active._attachment.observers.append(
                lambda site, _x, added: seen.setdefault(site, added.clone())
            )

    face = CARD | {"box": [0, 0, 0.4, 1], "people": [{"card": other, "box": [0.6, 0, 1, 1]}]}
    run = generation(host, unet, face)
    run.callbacks = [watch, *run.callbacks]
    run.run()
    return seen


def test_exchanging_one_person_changes_no_bit_of_the_other_persons_increment(host, unet):
    ben, cleo = (first_increments(host, unet, name) for name in ("Ben", "Cleo"))
    first = next(iter(ben))  # later blocks see what the first ones changed everywhere
    side = round(ben[first].shape[1] ** 0.5)
    left = (torch.arange(side) < side // 2).repeat(side)
    assert torch.equal(ben[first][:, left], cleo[first][:, left])
    assert ben[first][:, left].abs().max() > 0
    assert not torch.equal(ben[first][:, ~left], cleo[first][:, ~left])


def test_every_person_has_its_own_strength(host, unet):
    single = generation(host, unet, CARD | {"box": "0, 0, 0.5, 1", "people": "Ben *0: 0.5, 0, 1, 1"})
    both = generation(host, unet, CARD | {"box": "0, 0, 0.5, 1", "people": "Ben *1.5: 0.5, 0, 1, 1"})
    assert not torch.equal(single.run(), both.run())
    assert both.extra_generation_params["FaceChain people"] == "Ben *1.5: 0.5, 0, 1, 1"


@pytest.mark.parametrize(
    ("people", "message"),
    [
        ("Nobody", "no card called Nobody"),
        ("Anna: 0, 0, 0.5, 1", "some have none"),
        ("Anna: 0, 0, 2, 1", "is no box"),
        ("../x", "name"),
        ([{"card": "Anna", "photos": ["x"]}], "either"),
        (7, "people is a text"),
        ("Anna\n" * 12, "at most 10"),
    ],
)
def test_people_that_cannot_be_placed_are_named_and_the_picture_is_made_without(host, unet, people, message):
    run = generation(host, unet, CARD | {"people": people})
    assert torch.equal(run.run(), generation(host, unet).run())
    assert message in run.extra_generation_params["FaceChain"]


def test_a_replacement_of_sample_by_another_extension_is_preserved(host, unet):
    run = generation(host, unet, CARD)
    theirs, calls = run.sample, []

    def patched():
        calls.append(1)
        return theirs()

    run.sample = patched
    run.run()
    assert run.sample is patched
    assert calls == [1]


def test_no_hook_is_left_when_an_error_ends_the_sampling(host, unet):
    bare = generation(host, unet).run()
    run = generation(host, unet, CARD, fail_at=2)
    with pytest.raises(RuntimeError, match="another script"):
        run.run()
    assert is_unhooked(unet)
    assert "sample" not in vars(run)
    assert torch.equal(generation(host, unet).run(), bare)


def test_a_refiner_gets_the_face_too(host, unet):
    other = unets.ldm_unet()
    with torch.no_grad():
        for weight in other.parameters():
            weight.mul_(1.02)
    without = generation(host, unet, refiner=other).run()
    within = generation(host, unet, {**CARD, "window": [0.5, 1.0]}, refiner=other).run()
    assert not torch.equal(within, without)
    assert is_unhooked(unet)
    assert is_unhooked(other)


@pytest.mark.parametrize("apart", [False, True])
def test_texts_in_dictionaries_tell_rows_as_plain_ones_do(host, unet, apart):
    on = generation(host, unet, CARD, sdxl=True, apart=apart, batch=2)
    assert torch.equal(on.run(), generation(host, unet, CARD, apart=apart, batch=2).run())
    assert "FaceChain" not in on.extra_generation_params


def test_a_refiner_of_another_family_continues_without_the_face(host, unet):
    sd2 = unets.ldm_unet(context=1024)
    from facechain_ext.hosts.webui.face_run import FaceRun

    handed = generation(host, unet, CARD)
    handed.script.process(handed, *handed.args)
    handed.script.process_before_every_sampling(handed, *handed.args)
    handed._load(sd2)
    params = types.SimpleNamespace(
        x=torch.zeros(2, 4, 16, 16), text_cond=torch.zeros(1, 7, 1024), text_uncond=torch.zeros(1, 7, 1024),
        sampling_step=2, total_sampling_steps=4, denoiser=types.SimpleNamespace(p=handed, step=2, total_steps=4),
    )  # fmt: skip
    for callback in host.callbacks.denoiser:
        callback(params)
    assert FaceRun.current is None
    assert is_unhooked(unet)
    assert is_unhooked(sd2)


def test_settings_of_a_pasted_infotext_are_the_defaults_of_a_request(host):
    from facechain_ext.hosts.webui import accordion

    with gr.Blocks():
        values = [component.value for component in host.script.ui(is_img2img=False)]
    values[accordion.component_names().index("strength")] = 0.8
    values[0] = {"card": "Anna", "window": [0.1, 0.9]}
    requested = accordion.read(values)
    assert (requested.enabled, requested.card, requested.strength, requested.window) == (True, "Anna", 0.8, (0.1, 0.9))


def test_a_pasted_picture_names_the_photo_that_it_needs(host):
    from facechain_ext.hosts.webui import pasting

    assert "0123abcd" in pasting.restore_notes({"FaceChain identity": "0123abcd"})
    assert "Dora" in pasting.restore_notes({"FaceChain identity": "Dora (0123abcd)"})
    assert pasting.restore_notes({"FaceChain identity": "Anna (0123abcd)"}) is None
    assert pasting.restore_notes({"Steps": "20"}) is None


def failing(*_args, **_kwargs):
    raise ValueError("a block that\nnobody foresaw")


@pytest.mark.parametrize("at", ["increment", "begin"])
def test_an_error_in_the_faces_part_of_a_step_ends_the_face_and_not_the_picture(host, unet, monkeypatch, caplog, at):
    from facechain_ext.methods.fact.injection import FaceInjection

    bare = generation(host, unet, {"enabled": False}).run()
    monkeypatch.setattr(FaceInjection, at, failing)
    run = generation(host, unet, CARD)
    assert torch.equal(run.run(), bare)
    assert is_unhooked(unet)
    infotext = run.extra_generation_params
    assert list(infotext) == ["FaceChain"]
    assert "a block that nobody foresaw" in infotext["FaceChain"]
    assert "a block that nobody foresaw" in caplog.text


def test_a_picture_that_went_on_without_the_face_is_not_repaired(host, unet, monkeypatch):
    from facechain_ext.hosts.webui import face_repair
    from facechain_ext.methods.fact.injection import FaceInjection

    repaired = []
    monkeypatch.setattr(face_repair, "repair", lambda _p, processed, *_: repaired.append(processed) or [])
    for fails in (False, True):
        if fails:
            monkeypatch.setattr(FaceInjection, "increment", failing)
        run = generation(host, unet, {**CARD, "repair_faces": True})
        run.run()
        host.script.postprocess_image(run, types.SimpleNamespace(image=Image.new("RGB", (8, 8))))
    assert len(repaired) == 1


@pytest.mark.parametrize(
    "error",
    [
        torch.cuda.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        MemoryError(),
        KeyboardInterrupt(),
    ],
    ids=["cuda", "mps", "cpu", "python", "interrupt"],
)
def test_out_of_memory_and_interruption_reach_the_host(host, unet, monkeypatch, error):
    from facechain_ext.methods.fact.injection import FaceInjection

    def fail(*_args):
        raise error

    monkeypatch.setattr(FaceInjection, "increment", fail)
    run = generation(host, unet, CARD)
    with pytest.raises(type(error)):
        run.run()
    assert is_unhooked(unet)


@pytest.mark.parametrize("at", ["dtype", "streams_weights"])
def test_an_unexpected_error_before_sampling_is_reported(host, unet, monkeypatch, at):
    from facechain_ext.hosts.webui.host_model import WebuiModel

    monkeypatch.setattr(WebuiModel, at, property(failing))
    run = generation(host, unet, CARD)
    assert torch.equal(run.run(), generation(host, unet, {"enabled": False}).run())
    assert "ValueError: a block that nobody foresaw" in run.extra_generation_params["FaceChain"]


def test_the_webui_starts_when_the_extension_cannot_be_loaded(monkeypatch, host):
    monkeypatch.setitem(__import__("sys").modules, "facechain_ext.hosts.webui.script", None)
    spec = importlib.util.spec_from_file_location("facechain_script", ROOT / "scripts" / "facechain.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    script = module.FaceChainScript()
    with gr.Blocks():
        (shown,) = script.ui(is_img2img=False)
    assert "could not be loaded" in shown.value
    run = types.SimpleNamespace(extra_generation_params={})
    script.process(run, {"photos": []})
    assert "could not be loaded" in run.extra_generation_params["FaceChain"]
    script.process(run, "<p>the page's</p>")
