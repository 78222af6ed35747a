"""The webui's own bar during a recipe: once from 0 to 1 over all generations, as the host itself counts."""

from __future__ import annotations

import itertools
import types

import pytest
from PIL import Image

pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")

from facechain_ext.recipes.job import Hires, Inpaint, Job
from facechain_ext.recipes.shared_progress import SharedProgress, host_progress
from tests.hosts.webui.fake_host import install_module
from tests.hosts.webui.host_state import HostState

START = Image.new("RGB", (8, 8))


@pytest.fixture
def models(tmp_path):
    return tmp_path


@pytest.fixture
def webui(host, monkeypatch):
    """The Host on a webui that samples nothing and counts as the real one does."""
    from facechain_ext.hosts.webui import generation
    from facechain_ext.hosts.webui.host import WebuiHost

    state = host.shared.state = HostState()
    host.shared.total_tqdm = types.SimpleNamespace(clear=lambda: None)
    host.shared.opts.interrupt_after_current = True
    tasks = dict.fromkeys(("add_task_to_queue", "start_task", "finish_task"), lambda _task: None)
    install_module(host, "modules.progress", create_task_id=str, **tasks)
    import threading

    install_module(host, "modules.call_queue", queue_lock=threading.Lock())
    install_module(host, "modules.errors", exception_records=[])

    def process(request, _run):
        job = request.job
        steps = job.steps if job.inpaint is None else int(job.inpaint.denoise * job.steps)
        p = types.SimpleNamespace(enable_hr=job.hires is not None, is_hr_pass=False)

        def before_step(second, step, steps):
            p.is_hr_pass = second
            request.begin_step(p, step, steps)

        hires_steps = 0 if job.hires is None else job.hires.steps or job.steps
        state.process_images(
            steps, count=job.count, hires_steps=hires_steps, before_step=before_step, after=request.end_picture
        )
        return request.finished

    monkeypatch.setattr(generation, "process_request", process)
    monkeypatch.setattr(generation, "raise_errors", lambda *_: None)
    monkeypatch.setattr(generation, "collect_portraits", lambda finished, *_: finished)
    webui = WebuiHost()
    webui.state = state
    return webui


def recipe(webui, jobs, weights, report=None):
    """Do the jobs as one recipe in the queue."""
    shared = SharedProgress(weights, host_progress(webui, report))

    def work():
        for number, job in enumerate(jobs):
            webui.generate(job, progress=shared.part(number))
        shared.finish()
        webui.state.look()

    webui.queued(work)()


FACE = Job("x", steps=20, inpaint=Inpaint(START, 0.5))


@pytest.mark.parametrize(
    ("jobs", "weights"),
    [
        ([FACE] * 3, [10, 10, 10]),
        ([Job("x", steps=25), FACE], [25, 10]),
        ([Job("x", steps=9, count=3), FACE, FACE, FACE], [27, 8, 8, 8]),
        ([Job("x", steps=12, hires=Hires(steps=5)), FACE], [12, 10]),
        ([Job("x", steps=12, count=2, hires=Hires()), FACE, FACE], [24, 10, 10]),
        ([FACE, Job("x", steps=1), FACE], [12, 3, 40]),
    ],
)
def test_the_bar_goes_once_from_0_to_1_over_all_generations(webui, jobs, weights):
    recipe(webui, jobs, weights)
    seen = webui.state.seen
    assert seen == sorted(seen)
    assert seen[0] == 0
    assert seen[-1] == 1
    largest = max(weight / (job.count * (2 if job.hires else 1)) for weight, job in zip(weights, jobs, strict=True))
    assert max(after - before for before, after in itertools.pairwise(seen)) <= max(largest, 2) / sum(weights)
    assert webui.state.job_count == 0


def test_each_generation_reaches_its_share_of_the_bar(webui):
    ends = []
    generate = webui.generate

    def noted(job, **options):
        generate(job, **options)
        ends.append(round(webui.state.progress(), 3))

    webui.generate = noted
    recipe(webui, [FACE, Job("x", steps=30)], [10, 30])
    assert ends == [0.25, 1]


@pytest.mark.parametrize("job", [Job("x", steps=7, count=2), Job("x", steps=7, hires=Hires(steps=4)), FACE])
def test_a_single_generation_is_counted_by_the_webui(webui, job):
    counts = []
    steps = job.count * (10 if job.inpaint else job.steps)
    recipe(webui, [job], [steps], lambda *_: not counts.append(webui.state.job_count))
    passes = job.count * (2 if job.hires else 1)
    assert set(counts[1:-1]) == {passes}
    assert webui.state.seen == sorted(webui.state.seen)


def test_generations_without_a_recipe_are_counted_each_by_itself(webui):
    webui.generate(Job("x", steps=4))
    first = list(webui.state.seen)
    webui.state.seen.clear()
    webui.generate(Job("x", steps=4))
    assert webui.state.seen == first
    assert first[-1] == 1


def test_work_outside_the_queue_leaves_the_bar_of_another_generation(webui):
    webui.state.begin()
    webui.state.job_count, webui.state.job_no = 2, 1
    assert host_progress(webui)(3, 5)
    assert (webui.state.job_count, webui.state.job_no) == (2, 1)


def test_a_pass_that_failed_midway_does_not_set_the_bar_back(webui):
    shared = SharedProgress([10, 10], host_progress(webui))

    def work():
        webui.generate(FACE, progress=shared.part(0))
        webui.state.sampling_step = 6  # what an exception inside the sampler leaves
        webui.generate(FACE, progress=shared.part(1))

    webui.queued(work)()
    assert webui.state.seen == sorted(webui.state.seen)


@pytest.mark.parametrize("painted", [0, 1, 2])
@pytest.mark.parametrize(("count", "batch", "hires"), [(1, 1, 0), (2, 1, 0), (2, 2, 5)])
def test_repairs_inside_txt2img_are_part_of_its_bar(host, count, batch, hires, painted):
    from facechain_ext.hosts.webui.recipe_progress import repairs_counted, reserve_repairs

    state = HostState()
    p = types.SimpleNamespace(n_iter=count, batch_size=batch, enable_hr=hires > 0)

    def after():
        for _ in range(batch):
            with repairs_counted(p, state, 2):
                for _ in range(painted):
                    state.process_images(6)
            state.look()

    state.begin("task")
    reserve_repairs(p, state, 2)
    state.process_images(10, count=count, hires_steps=hires, after=after)
    assert state.seen == sorted(state.seen)
    assert state.seen[-1] == 1


def test_repairs_are_added_to_a_job_that_another_script_has_counted(host):
    from facechain_ext.hosts.webui.recipe_progress import repairs_counted, reserve_repairs

    state = HostState()
    p = types.SimpleNamespace(n_iter=1, batch_size=1)
    state.begin("task")
    state.job_count = 4
    reserve_repairs(p, state, 2)
    with repairs_counted(p, state, 2):
        state.process_images(6)
    assert state.job_count == 6
    assert state.job_no == 2
