"""The queue, job state, LoRAs, progress and face restorers of the tab's Host."""

from __future__ import annotations

import threading
import types

import pytest
from PIL import Image

pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")

from facechain_ext.errors import HostError
from facechain_ext.recipes.job import Hires, Job, Lora
from tests.hosts.webui import fake_host
from tests.hosts.webui.fake_host import FORGE, install_marks, install_module


@pytest.fixture
def host(monkeypatch, tmp_path):
    return fake_host.install(monkeypatch, tmp_path)


@pytest.fixture
def queue(host):
    """A GenerationQueue, and the events of its tasks in the webui's list."""
    events = []
    install_module(host, "modules.call_queue", queue_lock=threading.Lock())
    install_module(
        host, "modules.progress", create_task_id=lambda kind: f"task({kind})",
        add_task_to_queue=lambda task: events.append(("waits", task)),
        start_task=lambda task: events.append(("begins", task)), finish_task=lambda task: events.append(("ends", task)),
    )  # fmt: skip
    from facechain_ext.hosts.webui.execution import GenerationQueue

    return GenerationQueue(), events


def test_the_holder_of_the_queue_may_acquire_it_again_and_other_threads_wait(queue):
    generation_queue, events = queue
    order = []

    def other():
        with generation_queue.acquire_queue():
            order.append("other")

    with generation_queue.acquire_queue():
        thread = threading.Thread(target=other)
        thread.start()
        with generation_queue.acquire_queue():
            order.append("inner")
        thread.join(0.2)
        order.append("outer")
    thread.join(5)
    assert order == ["inner", "outer", "other"]
    assert [what for what, _ in events] == ["waits", "begins", "waits", "ends", "begins", "ends"]


def test_an_error_releases_the_queue(queue):
    generation_queue, events = queue
    with pytest.raises(RuntimeError), generation_queue.acquire_queue():
        raise RuntimeError
    with generation_queue.acquire_queue():
        pass
    assert events[-1] == ("ends", "task(facechain)")


def test_an_interruption_is_cleared_from_the_hosts_state(host):
    from facechain_ext.hosts.webui.execution import job_state

    calls = []
    state = types.SimpleNamespace(interrupted=True, skipped=True, stopping_generation=True)
    state.begin = lambda job: calls.append(f"{job} begins")
    state.end = lambda: calls.append("end")
    with pytest.raises(RuntimeError), job_state(state):
        raise RuntimeError
    assert calls == ["facechain begins", "end"]
    assert [state.interrupted, state.skipped, state.stopping_generation] == [False] * 3


def test_an_interruption_lasts_until_the_outermost_job_ends(host):
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


def test_results_and_errors_return_from_forges_main_thread(host):
    from facechain_ext.hosts.webui.execution import on_main_thread

    assert on_main_thread(lambda: 1) == 1
    seen = []
    install_marks(host.monkeypatch, FORGE)
    install_module(host, "modules_forge.main_thread", run_and_wait_result=lambda work: seen.append(work()))
    assert on_main_thread(lambda: 2) == 2
    with pytest.raises(ValueError, match="no memory"):
        on_main_thread(lambda: (_ for _ in ()).throw(ValueError("no memory")))
    assert len(seen) == 2


def test_errors_that_the_host_only_logs_are_raised(host):
    from facechain_ext.hosts.webui.execution import ErrorCapture

    old = {"exception": "old", "traceback": [["extensions/controlnet/x.py, line 1, f", "f()"]]}
    records = install_module(host, "modules.errors", exception_records=[old]).exception_records
    with ErrorCapture() as reports:
        records.append(
            {"exception": "no such file.", "traceback": [["extensions/sd-webui-controlnet/x.py, line 2", ""]]}
        )
    with pytest.raises(HostError, match="ControlNet failed: no such file"):
        reports.raise_from("controlnet", "ControlNet")
    reports.raise_from("facechain_ext", "FaceChain")
    assert reports.notes() == ("Something else in the webui failed meanwhile: no such file.",)


def test_a_lora_tag_has_the_hosts_name(host, tmp_path):
    from facechain_ext.hosts.webui import loras

    file = tmp_path / "film-v2.safetensors"
    file.touch()
    late = tmp_path / "late.safetensors"
    late.touch()
    known = {"film": types.SimpleNamespace(filename=str(file)), "a:b": types.SimpleNamespace(filename="x")}
    entry = types.SimpleNamespace(filename=str(late))
    install_module(host, "networks", available_networks=known, list_available_networks=lambda: known.update(late=entry))
    assert loras.prompt_tag(Lora("film", 0.5)) == loras.prompt_tag(Lora(file, 0.5)) == "<lora:film:0.5>"
    assert "late" not in loras.names()
    assert loras.prompt_tag(Lora(late)) == "<lora:late:1>"
    for wrong, message in (
        (Lora("no"), "has no LoRA no"),
        (Lora(tmp_path / "no.pt"), "no.pt"),
        (Lora("a:b"), "rename"),
    ):
        with pytest.raises(HostError, match=message):
            loras.prompt_tag(wrong)


@pytest.mark.parametrize(
    ("count", "hires", "ended", "second", "step", "steps", "expected"),
    [
        (1, False, 0, False, 0, 20, (0, 20)), (4, False, 2, False, 5, 20, (45, 80)),
        (1, True, 0, True, 12, 10, (20, 20)), (2, True, 1, False, 3, 10, (23, 40)),
        (1, False, 1, False, 3, 10, (13, 20)),
    ],
)  # fmt: skip
def test_steps_are_counted_over_all_passes_of_a_request(host, count, hires, ended, second, step, steps, expected):
    from facechain_ext.hosts.webui.tab_request import TabRequest

    host.shared.state = types.SimpleNamespace(interrupted=False, skipped=False)
    told = []
    request = TabRequest(Job("", count=count, hires=Hires() if hires else None), lambda *at: not told.append(at))
    for _ in range(ended):
        request.end_picture()
    request.begin_step(types.SimpleNamespace(enable_hr=hires, is_hr_pass=second), step, steps)
    assert told == [expected]


def test_a_picture_is_finished_when_its_last_step_began_or_nothing_interrupted_it(host):
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


def test_the_first_error_is_recorded_and_interrupts_the_host(host):
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


def test_the_webuis_restorers_change_a_picture_or_raise_the_reason(host):
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
    for name, message in (("Idle", "changed nothing"), ("Cuts", "another size"), ("Broken", "no memory")):
        with pytest.raises(HostError, match=message):
            found[name](picture, None)


@pytest.mark.parametrize(
    ("flags", "shown"),
    [
        ({}, False),
        ({"listen": True}, True),
        ({"share": True}, True),
        ({"server_name": "0.0.0.0"}, True),
        ({"listen": True, "gradio_auth": "anna:1"}, False),
        ({"listen": True, "gradio_auth_path": "file"}, False),
        ({"listen": True, "api_auth": "anna:1"}, True),
        ({"listen": True, "gradio_auth": "anna:1", "api": True}, True),
        ({"listen": True, "gradio_auth": "anna:1", "api": True, "api_auth": "anna:1"}, False),
    ],
)
def test_a_webui_that_others_reach_without_logins_says_so(host, flags, shown):
    from facechain_ext.hosts.webui import settings

    for name, value in flags.items():
        setattr(host.shared.cmd_opts, name, value)
    assert ("no logins" in settings.network_notice()) is shown


def test_the_default_upscaler_is_the_hosts_first_where_it_has_none_for_latents(host):
    from facechain_ext.hosts.webui.generation import _upscaler, upscaler_names
    from facechain_ext.hosts.webui.tab_request import TabRequest
    from facechain_ext.recipes.job import Hires

    host.shared.latent_upscale_modes = {}
    host.shared.sd_upscalers = [types.SimpleNamespace(name=name) for name in ("None", "Lanczos", "Nearest")]
    assert upscaler_names() == ("Lanczos", "Nearest", "None")
    remote = types.SimpleNamespace(name="ESRGAN", data_path="https://example.org/ESRGAN.pth")
    host.shared.sd_upscalers = [remote, *host.shared.sd_upscalers]
    assert upscaler_names() == ("Lanczos", "Nearest", "None", "ESRGAN"), "nothing is downloaded by a default"
    host.shared.sd_upscalers = host.shared.sd_upscalers[1:]
    request = TabRequest(Job("a woman"))
    assert _upscaler(request, Hires()) == "Lanczos"
    assert request.notes == ["This webui has no upscaler Latent; Lanczos is used."]
    assert _upscaler(request, Hires(upscaler="None")) == "None"
    with pytest.raises(HostError, match="Sharp"):
        _upscaler(request, Hires(upscaler="Sharp"))
    host.shared.latent_upscale_modes = {"Latent": {}}
    assert _upscaler(TabRequest(Job("a woman")), Hires()) == "Latent"


@pytest.mark.parametrize(
    ("setting", "asked", "judge"),
    [(None, "", "auto"), ("dlib", "", "dlib"), ("dlib", "sface", "sface"), ("", "", "auto")],
)
def test_likeness_is_scored_by_whom_the_request_names_or_the_settings(host, monkeypatch, setting, asked, judge):
    from facechain_ext.hosts.webui.host import WebuiHost
    from facechain_ext.identity import likeness_scorer

    monkeypatch.setattr(likeness_scorer, "choose_scorer", lambda _encoder, name: name)
    if setting is not None:
        monkeypatch.setattr(host.shared.opts, "facechain_judge", setting, raising=False)
    assert WebuiHost().likeness_scorer(asked) == judge
