"""The parts of the tab's Host, each beside a small stand-in of what it talks to."""

from __future__ import annotations

import sys
import threading
import types

import numpy as np
import pytest
from PIL import Image

gr = pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")

from facechain_ext.errors import HostError
from facechain_ext.recipes.job import Control, Job, Lora
from tests.hosts.webui import fake_host


@pytest.fixture
def host(monkeypatch, tmp_path):
    installed = fake_host.install(monkeypatch, tmp_path)
    installed.monkeypatch = monkeypatch
    return installed


def module(host, name, **contents):
    """A module of the host or of an extension of it."""
    made = types.SimpleNamespace(**contents)
    host.monkeypatch.setitem(sys.modules, name, made)
    package, _, last = name.rpartition(".")
    if package == "modules":
        host.monkeypatch.setattr(sys.modules["modules"], last, made, raising=False)
    return made


@pytest.fixture
def queue(host):
    """Our door to the queue, and what the webui's pages are told of it."""
    told = []
    module(host, "modules.call_queue", queue_lock=threading.Lock())
    module(
        host, "modules.progress", create_task_id=lambda kind: f"task({kind})",
        add_task_to_queue=lambda task: told.append(("waits", task)),
        start_task=lambda task: told.append(("begins", task)), finish_task=lambda task: told.append(("ends", task)),
    )  # fmt: skip
    from facechain_ext.hosts.webui.execution import GenerationQueue

    return GenerationQueue(), told


def test_whoever_has_the_turn_may_take_it_again_and_others_wait(queue):
    ours, told = queue
    order = []

    def other():
        with ours.acquire_queue():
            order.append("other")

    with ours.acquire_queue():
        thread = threading.Thread(target=other)
        thread.start()
        with ours.acquire_queue():
            order.append("inner")
        thread.join(0.2)
        order.append("outer")
    thread.join(5)
    assert order == ["inner", "outer", "other"]
    assert [what for what, _ in told] == ["waits", "begins", "waits", "ends", "begins", "ends"]


def test_an_error_in_a_turn_gives_it_back(queue):
    ours, told = queue
    with pytest.raises(RuntimeError), ours.acquire_queue():
        raise RuntimeError
    with ours.acquire_queue():
        pass
    assert told[-1] == ("ends", "task(facechain)")


def test_nothing_of_an_interruption_is_left_in_the_hosts_state(host):
    from facechain_ext.hosts.webui.execution import job_state

    calls = []
    state = types.SimpleNamespace(interrupted=True, skipped=True, stopping_generation=True)
    state.begin = lambda job: calls.append(f"{job} begins")
    state.end = lambda: calls.append("end")
    with pytest.raises(RuntimeError), job_state(state):
        raise RuntimeError
    assert calls == ["facechain begins", "end"]
    assert [state.interrupted, state.skipped, state.stopping_generation] == [False] * 3


def test_an_interruption_holds_for_all_generations_of_one_work_and_ends_with_it(host):
    from facechain_ext.hosts.webui.execution import job_state

    state = types.SimpleNamespace(interrupted=False, skipped=False, stopping_generation=False)
    state.begin = lambda job: setattr(state, "interrupted", False)
    state.end = lambda: None
    seen = []
    with job_state(state):
        with job_state(state):
            seen.append(state.interrupted)
            state.interrupted = True
        with job_state(state):
            seen.append(state.interrupted)
    with job_state(state):
        seen.append(state.interrupted)
    assert seen == [False, True, False]


def test_what_forge_does_on_its_main_thread_comes_back_and_so_do_errors(host):
    from facechain_ext.hosts.webui.execution import on_main_thread

    assert on_main_thread(lambda: 1) == 1
    seen = []
    module(host, "modules_forge.main_thread", run_and_wait_result=lambda work: seen.append(work()))
    assert on_main_thread(lambda: 2) == 2
    with pytest.raises(ValueError, match="no memory"):
        on_main_thread(lambda: (_ for _ in ()).throw(ValueError("no memory")))
    assert len(seen) == 2


def test_errors_that_the_host_only_logs_are_told(host):
    from facechain_ext.hosts.webui.execution import ErrorCapture

    old = {"exception": "old", "traceback": [["extensions/controlnet/x.py, line 1, f", "f()"]]}
    records = module(host, "modules.errors", exception_records=[old]).exception_records
    with ErrorCapture() as reports:
        records.append(
            {"exception": "no such file.", "traceback": [["extensions/sd-webui-controlnet/x.py, line 2", ""]]}
        )
    with pytest.raises(HostError, match="ControlNet failed: no such file"):
        reports.raise_from("controlnet", "ControlNet")
    reports.raise_from("facechain_ext", "FaceChain")
    assert reports.notes() == ("Something else in the webui failed meanwhile: no such file.",)


MODELS = ("None", "control_openpose_xl [1]", "control_v11p_sd15_openpose [2]", "t2iadapter_canny [3]")


@pytest.fixture
def extension(host):
    """sd-webui-controlnet as others see it."""
    names = ["none", "openpose_hand", "openpose_full", "canny"]
    module(host, "internal_controlnet.external_code", get_modules=lambda: names, get_models=lambda: list(MODELS))

    def invert(input_image, resolution, **_sliders):
        return types.SimpleNamespace(display_images=[255 - input_image], value=None, resolution=resolution)

    found = {"openpose_hand": invert}
    supported = types.SimpleNamespace(get_preprocessor=found.get)
    module(host, "scripts.supported_preprocessor", Preprocessor=supported)
    unit = types.SimpleNamespace(title=lambda: "ControlNet", args_from=3, args_to=5)
    return types.SimpleNamespace(alwayson_scripts=[unit])


def control(kind="openpose", **more):
    return Control(kind, Image.new("RGB", (8, 8), "white"), **more)


def test_without_the_extension_every_kind_says_so(host):
    from facechain_ext.hosts.webui import controlnet

    assert set(controlnet.unavailable_reasons()) == {"openpose", "openpose_face", "canny", "depth"}
    assert all("not installed" in reason for reason in controlnet.unavailable_reasons().values())
    with pytest.raises(HostError, match="not installed"):
        controlnet.set_units(types.SimpleNamespace(alwayson_scripts=[]), [], [control()])


def test_a_model_for_sd15_is_taken_before_others_and_the_users_choice_before_it(host, extension):
    from facechain_ext.hosts.webui import controlnet

    reasons = controlnet.unavailable_reasons()
    assert (reasons["openpose"], reasons["canny"]) == ("", "")
    assert "“depth”" in reasons["depth"]
    values = [None] * 6
    controlnet.set_units(extension, values, [control(), control("canny", prepared=True, weight=0.2, window=(0, 0.5))])
    first, second = values[3:5]
    assert (first["module"], first["model"]) == ("openpose_hand", MODELS[2])
    assert (second["module"], second["model"], second["weight"]) == ("none", MODELS[3], 0.2)
    assert (second["guidance_start"], second["guidance_end"]) == (0, 0.5)
    assert first["image"].shape == (8, 8, 3)
    host.shared.opts.facechain_controlnet_openpose = MODELS[1]
    controlnet.set_units(extension, values, [control()])
    assert values[3]["model"] == MODELS[1]
    host.shared.opts.facechain_controlnet_openpose = "gone [9]"
    assert "is gone" in controlnet.unavailable_reasons()["openpose"]


def test_a_model_of_another_width_is_refused_before_the_run_with_its_reason(host, extension, tmp_path):
    import torch
    from safetensors.torch import save_file

    from facechain_ext.hosts.webui import controlnet

    files = {}
    for name, width in ((MODELS[1], 64), (MODELS[2], 320)):
        files[name] = str(tmp_path / f"{width}.safetensors")
        save_file({"control_model.input_blocks.0.0.weight": torch.zeros(width, 4, 3, 3)}, files[name])
    module(host, "scripts.global_state", cn_models=files)
    assert controlnet.unavailable_reasons()["openpose"] == ""
    host.shared.opts.facechain_controlnet_openpose = MODELS[1]
    reason = controlnet.unavailable_reasons()["openpose"]
    assert MODELS[1] in reason
    assert "64 channels" in reason
    with pytest.raises(HostError, match="64 channels"):
        controlnet.set_units(extension, [None] * 6, [control()])


def test_more_units_than_there_is_room_for_are_refused(host, extension):
    from facechain_ext.hosts.webui import controlnet

    values = [None] * 6
    with pytest.raises(HostError, match="room for 2 units, 3 are needed"):
        controlnet.set_units(extension, values, [control()] * 3)
    assert values == [None] * 6


def test_the_skeleton_is_what_the_preprocessor_shows(host, extension):
    from facechain_ext.hosts.webui import controlnet

    assert np.asarray(controlnet.run_preprocessor(control())).max() == 0
    assert np.asarray(controlnet.run_preprocessor(control(prepared=True))).min() == 255
    with pytest.raises(HostError, match="preprocessor openpose_full failed"):
        controlnet.run_preprocessor(control("openpose_face"))
    with pytest.raises(HostError, match="none of the preprocessors"):
        controlnet.run_preprocessor(control("depth"))


def test_forges_own_units_have_the_same_words(host):
    from facechain_ext.hosts.webui import controlnet

    module(
        host, "lib_controlnet.global_state", get_all_preprocessor_names=lambda: ["None", "canny"],
        get_all_controlnet_names=lambda: ["None", "any_canny"], get_preprocessor=lambda _name: None,
    )  # fmt: skip
    unit = types.SimpleNamespace(title=lambda: "ControlNet", args_from=0, args_to=1)
    values = [None]
    controlnet.set_units(types.SimpleNamespace(alwayson_scripts=[unit]), values, [control("canny", prepared=True)])
    assert (values[0]["module"], values[0]["model"]) == ("None", "any_canny")
    assert controlnet.model_names() == ("any_canny",)


def test_a_lora_is_asked_for_by_the_hosts_name(host, tmp_path):
    from facechain_ext.hosts.webui import loras

    file = tmp_path / "film-v2.safetensors"
    file.touch()
    late = tmp_path / "late.safetensors"
    late.touch()
    known = {"film": types.SimpleNamespace(filename=str(file)), "a:b": types.SimpleNamespace(filename="x")}
    entry = types.SimpleNamespace(filename=str(late))
    module(host, "networks", available_networks=known, list_available_networks=lambda: known.update(late=entry))
    assert loras.prompt_tag(Lora("film", 0.5)) == loras.prompt_tag(Lora(file, 0.5)) == "<lora:film:0.5>"
    assert "late" not in loras.names()
    assert loras.prompt_tag(Lora(late)) == "<lora:late:1>"
    for wrong, words in ((Lora("no"), "has no LoRA no"), (Lora(tmp_path / "no.pt"), "no.pt"), (Lora("a:b"), "rename")):
        with pytest.raises(HostError, match=words):
            loras.prompt_tag(wrong)


@pytest.mark.parametrize(
    ("passes", "number", "step", "steps", "expected"),
    [(1, 0, 0, 20, (0, 20)), (4, 2, 5, 20, (45, 80)), (2, 1, 12, 10, (20, 20)), (-1, 0, 3, 10, (3, 10))],
)
def test_how_far_it_is_by_the_hosts_count(host, passes, number, step, steps, expected):
    from facechain_ext.hosts.webui.tab_request import completed_steps

    assert completed_steps(types.SimpleNamespace(job_count=passes, job_no=number), step, steps) == expected


def test_a_picture_counts_as_finished_when_its_last_step_was_begun_or_nobody_stopped_it(host):
    from facechain_ext.hosts.webui.tab_request import TabRequest

    state = types.SimpleNamespace(interrupted=False, skipped=False, job_count=1, job_no=0)
    state.interrupt = lambda: setattr(state, "interrupted", True)
    host.shared.state = state
    answers = iter([True, True, False])
    request = TabRequest(Job("", steps=3), progress=lambda *_: next(answers))
    p = types.SimpleNamespace(is_hr_pass=False)
    for step in range(3):  # stopped as the last step begins, which is done all the same
        request.begin_step(p, step, 3)
    assert state.interrupted
    request.end_picture()
    request.end_picture()  # the next one never began
    state.interrupted = False
    request.end_picture()
    assert request.finished == [True, False, True]
    hires = TabRequest(Job("", steps=3), progress=lambda *_: True)
    hires.begin_step(types.SimpleNamespace(enable_hr=True, is_hr_pass=False), 2, 3)
    state.skipped = True
    hires.end_picture()
    assert hires.finished == [False]


def test_why_the_face_cannot_be_put_in_stops_the_host_and_the_first_reason_stays(host):
    from facechain_ext.hosts.webui.tab_request import TabRequest

    stopped = []
    host.shared.state = types.SimpleNamespace(interrupt=lambda: stopped.append(1))
    request = TabRequest(Job(""))
    request.fail(HostError("first"))
    request.fail(HostError("second"))
    assert str(request.error) == "first"
    assert stopped


class Restorer:
    """One of the webui's restorers; ``does`` gets the pixels."""

    def __init__(self, name, does):
        self._name, self.restore = name, does

    def name(self):
        return self._name


def broken(_pixels):
    raise RuntimeError("no memory")


def test_the_webuis_restorers_finish_a_picture_and_say_what_goes_wrong(host):
    host.monkeypatch.setattr(
        host.shared,
        "face_restorers",
        [
            Restorer("None", lambda pixels: pixels),
            Restorer("Inverts", lambda pixels: 255 - pixels),
            Restorer("Idle", lambda pixels: pixels),
            Restorer("Cuts", lambda pixels: pixels[1:]),
            Restorer("Broken", broken),
        ],
        raising=False,
    )
    from facechain_ext.hosts.webui.face_restorers import restorers

    found = restorers()
    assert list(found) == ["Inverts", "Idle", "Cuts", "Broken"]
    picture = Image.new("RGB", (8, 6), (10, 20, 30))
    assert found["Inverts"](picture, None).getpixel((0, 0)) == (245, 235, 225)
    for name, words in (("Idle", "changed nothing"), ("Cuts", "another size"), ("Broken", "no memory")):
        with pytest.raises(HostError, match=words):
            found[name](picture, None)
