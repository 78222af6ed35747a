"""The accordion in a real webui, through its API.

Set WEBUI_DIR to a folder of AUTOMATIC1111 1.10.x or of the Forge line whose ``extensions`` hold this project, with an
SD1.5 checkpoint, a face encoder and an adapter in models/FaceChain and a face detector; random ones will do.
"""

from __future__ import annotations

import base64
import os
import threading
from pathlib import Path

import pytest

from tests.hosts.webui.hosts import SIDE, RefusalError, start
from tests.processes import end

pytestmark = pytest.mark.skipif(
    not os.environ.get("WEBUI_DIR"), reason="WEBUI_DIR names no webui; these tests run against a real one"
)


@pytest.fixture(scope="module")
def webui(tmp_path_factory):
    log = tmp_path_factory.mktemp("webui") / "log.txt"
    process, running = start(Path(os.environ["WEBUI_DIR"]), log)
    try:
        known = running.call("/sdapi/v1/options")
        usual = {"batch_cond_uncond": True, "pad_cond_uncond": False, "skip_early_cond": 0.0}
        # what was never set is not restored by the webui after an override; some hosts lack the first
        running.call("/sdapi/v1/options", {name: value for name, value in usual.items() if name in known})
        yield running
    finally:
        end(process)
    errors = [line for line in log.read_text(errors="replace").splitlines() if "Error running" in line]
    assert not [line for line in errors if "facechain" in line]


@pytest.fixture(scope="module")
def photo():
    path = Path(__file__).parent / "astronaut.jpg"
    return base64.b64encode(path.read_bytes()).decode()


@pytest.fixture(scope="module")
def bare(webui):
    return webui.generate()


def test_on_changes_the_picture_and_off_does_not(webui, photo, bare):
    on = webui.generate({"photos": [photo], "strength": 1.0})
    assert on.digest != bare.digest
    assert webui.generate({"photos": [photo], "strength": 1.0}).digest == on.digest
    assert webui.generate({"photos": [photo], "enabled": False}).digest == bare.digest
    assert webui.generate({"photos": [photo], "strength": 0.0}).digest == bare.digest
    assert webui.generate().digest == bare.digest


def test_the_infotext_names_the_person_and_every_setting(webui, photo):
    text = webui.generate({"photos": [photo], "strength": 0.7, "window": [0, 0.8], "hires": False}).infotext
    for part in ("FaceChain identity: ", "FaceChain strength: 0.7", "FaceChain window: 0-0.8", "hires pass: False"):
        assert part in text
    assert "FaceChain adapter: auto" not in text


def test_pasted_settings_make_the_picture_again(webui, photo):
    if webui.is_forge:
        pytest.skip("Forge's own API fails on every request with an infotext")
    face = {"photos": [photo], "strength": 0.9, "window": [0.25, 1.0]}
    made = webui.generate(face)
    again = webui.generate({"photos": [photo]}, infotext=f"a woman\nNegative prompt: blue\n{made.infotext}")
    assert again.infotext == made.infotext
    assert again.digest == made.digest


def test_the_window_matters(webui, photo, bare):
    early, late, never = (
        webui.generate({"photos": [photo], "strength": 1.0, "window": window}).digest
        for window in ([0, 0.5], [0.5, 1], [0.4, 0.4])
    )
    assert len({early, late, bare.digest}) == 3
    assert never == bare.digest


@pytest.mark.parametrize(
    "settings",
    [
        {"override_settings": {"batch_cond_uncond": False}},
        {"prompt": "a woman, " * 40},
        {"prompt": "a woman AND a garden"},
        {"s_min_uncond": 20.0, "steps": 6},
        {"override_settings": {"skip_early_cond": 0.4}},
        {"override_settings": {"pad_cond_uncond": True}, "prompt": "a woman, " * 40},
        {"sampler_name": "DPM++ 2M SDE"},
        {"sampler_name": "DDIM"},
        {"sampler_name": "Heun"},
        {"batch_size": 2},
        {"cfg_scale": 1.0},
    ],
    ids=lambda value: next(iter(value)),
)
def test_every_way_of_running_the_rows(webui, photo, settings):
    needed = settings.get("override_settings", {}).keys()
    if needed and (webui.is_forge or needed - webui.call("/sdapi/v1/options").keys()):
        pytest.skip("an option of AUTOMATIC1111's")
    off = webui.generate(**settings)
    on = webui.generate({"photos": [photo], "strength": 1.0}, **settings)
    assert on.digest != off.digest
    assert "FaceChain: off" not in on.infotext
    assert webui.generate(**settings).digest == off.digest


def test_rows_in_one_call_or_in_two_give_nearly_the_same(webui, photo):
    """The null tokens must go to the same rows either way; were they exchanged, the pictures would differ much."""
    if webui.is_forge or "batch_cond_uncond" not in webui.call("/sdapi/v1/options"):
        pytest.skip("an option of AUTOMATIC1111's")
    face = {"photos": [photo], "strength": 1.0}
    batched = webui.generate(face, override_settings={"batch_cond_uncond": True})
    separate = webui.generate(face, override_settings={"batch_cond_uncond": False})
    assert batched.infotext == separate.infotext


def test_repair_paints_the_faces_anew_or_says_why_not(webui, photo):
    face = {"photos": [photo], "strength": 1.0}
    without = webui.generate(face)
    repaired = webui.generate({**face, "repair_faces": True})
    assert "FaceChain repair faces: True" in repaired.infotext
    notes = " ".join(repaired.notes)
    if "The faces are not repaired" in notes:  # random weights show no face
        assert repaired.digest == without.digest
    else:
        assert "is painted as" in notes
        assert repaired.digest != without.digest
    assert webui.generate(face).digest == without.digest


def test_hires_pass_with_and_without_the_face(webui, photo):
    hires = webui.hires()
    off = webui.generate(**hires)
    both = webui.generate({"photos": [photo], "strength": 1.0}, **hires)
    first = webui.generate({"photos": [photo], "strength": 1.0, "hires": False}, **hires)
    assert both.size == (2 * SIDE, 2 * SIDE)
    assert len({off.digest, both.digest, first.digest}) == 3
    assert webui.generate(**hires).digest == off.digest


@pytest.mark.parametrize("inpaint", [False, True])
def test_img2img_and_inpaint(webui, photo, inpaint):
    settings = {"init_images": [photo], "denoising_strength": 0.6}
    if inpaint:
        settings |= {"mask": photo, "inpainting_fill": 1}
    off = webui.generate(kind="img2img", **settings)
    on = webui.generate({"photos": [photo], "strength": 1.0}, kind="img2img", **settings)
    assert on.digest != off.digest
    assert "FaceChain: off" not in on.infotext
    if not inpaint or webui.program == "webui":  # the Forge line draws the noise of inpainting without the seed
        assert webui.generate(kind="img2img", **settings).digest == off.digest


def test_on_top_of_a_lora(webui, photo):
    loras = webui.call("/sdapi/v1/loras")
    if not loras:
        pytest.skip("this webui has no LoRA")
    prompt = f"a woman <lora:{loras[0]['name']}:1>"
    face = {"photos": [photo], "strength": 1.0}
    lora = webui.generate(prompt=prompt)
    both = webui.generate(face, prompt=prompt)
    assert len({webui.generate().digest, lora.digest, both.digest, webui.generate(face).digest}) == 4
    assert webui.generate(prompt=prompt).digest == lora.digest


@pytest.mark.parametrize("kind", ["a model", "reference_only"])
def test_beside_a_control_unit(webui, photo, bare, kind):
    """reference_only runs the U-Net twice in a step."""
    try:
        models = [name for name in webui.call("/controlnet/model_list")["model_list"] if name != "None"]
    except RefusalError:
        pytest.skip("this webui has no ControlNet")
    if not models:
        pytest.skip("this webui has no ControlNet model")
    nothing = "None" if webui.is_forge else "none"
    unit = {"enabled": True, "module": nothing, "model": models[0], "image": photo}
    if kind == "reference_only":
        unit |= {"module": kind, "model": "None"}
    scripts = {"ControlNet": {"args": [unit]}}
    face = {"photos": [photo], "strength": 1.0}
    single = webui.generate(scripts=scripts)
    if single.digest == bare.digest:
        pytest.skip(f"ControlNet does not take {unit['model']} with this checkpoint; see the webui's log")
    both = webui.generate(face, scripts=scripts)
    assert len({bare.digest, single.digest, both.digest, webui.generate(face).digest}) == 4
    assert webui.generate(scripts=scripts).digest == single.digest
    assert webui.generate().digest == bare.digest


@pytest.mark.parametrize(
    ("face", "reason"),
    [
        ({"photos": ["aGVsbG8="]}, "picture"),
        ({"photos": ["/etc/host.conf"]}, "base64"),
        ({"photos": []}, "no photo"),
        ({"card": "../../config"}, "name"),
        ({"card": "nobody"}, "no card"),
        ({"strength": 9}, "strength"),
        ({"window": [0.8, 0.2]}, "window"),
        ({"colour": 1}, "no setting"),
        ({"adapter": "no-such"}, "no adapter"),
        ({"face": 7}, "no face number 7"),
    ],
)
def test_bad_input_continues_without_the_face_and_writes_the_reason(webui, photo, bare, face, reason):
    requested = face if {"photos", "card"} & face.keys() else face | {"photos": [photo]}
    got = webui.generate(requested)
    assert got.digest == bare.digest
    assert "FaceChain: " in got.infotext
    assert reason in got.infotext


def test_an_interrupted_generation_leaves_nothing(webui, photo, bare):
    """Interrupt a long run from a second thread, then look whether anything stayed."""
    done = []
    thread = threading.Thread(
        target=lambda: done.append(webui.generate({"photos": [photo], "strength": 1.0}, steps=60))
    )
    thread.start()
    while thread.is_alive():
        if webui.call("/sdapi/v1/progress")["state"]["sampling_step"] > 2:
            webui.call("/sdapi/v1/interrupt", {})
            break
    thread.join(120)
    assert done
    assert webui.generate().digest == bare.digest


def test_two_concurrent_requests_do_not_mix(webui, photo, bare):
    face = {"photos": [photo], "strength": 1.0}
    single = webui.generate(face).digest
    answers = {}
    threads = [
        threading.Thread(target=lambda: answers.update(on=webui.generate(face).digest)),
        threading.Thread(target=lambda: answers.update(off=webui.generate().digest)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert answers == {"on": single, "off": bare.digest}


def test_a_plot_of_strengths_is_the_pictures_of_those_strengths(webui, photo, bare):
    info = next(one for one in webui.call("/sdapi/v1/script-info") if one["name"].lower() == "x/y/z plot")
    axes = info["args"][0]["choices"]
    strength, window = (axes.index(f"[FaceChain] {name}") for name in ("Strength", "Window end"))
    nothing, values = [0, "", []], ([strength, "0, 1", []], [window, "0, 0.5", []])
    expected = {"Draw legend": False, "Include Sub Images": True}  # only the single pictures behind the grid
    options = [expected.get(arg["label"], arg["value"]) for arg in info["args"][9:]]
    face = {"photos": [photo]}
    made = webui.generate_all(face, script_name=info["name"], script_args=[*values[0], *values[1], *nothing, *options])
    cells = [one.digest for one in made[1:]]
    single = webui.generate(face | {"strength": 1.0, "window": [0, 0.5]}).digest
    assert len(cells) == 4
    assert cells[0] == cells[1] == bare.digest
    assert cells[3] == single != bare.digest
    assert webui.generate().digest == bare.digest


def test_our_own_routes(webui, photo):
    assert webui.call("/facechain/v1/version")["version"]
    assert {line["name"] for line in webui.call("/facechain/v1/schema")} >= {"photos", "strength", "window"}
    (face,) = webui.call("/facechain/v1/detect", {"photo": photo})
    assert face["number"] == 1
    with pytest.raises(RefusalError, match="422"):
        webui.call("/facechain/v1/detect", {"photo": "aGVsbG8="})


def test_memory_does_not_grow(webui, photo):
    for _ in range(3):
        webui.generate({"photos": [photo]})
    before = webui.call("/sdapi/v1/memory")["ram"]["used"]
    for _ in range(20):
        webui.generate({"photos": [photo]})
    assert webui.call("/sdapi/v1/memory")["ram"]["used"] - before < 60e6
