"""What is done beside a generation is done once for each picture, in order, and ends with it."""

from __future__ import annotations

import threading

import pytest
from PIL import Image

from facechain_ext.recipes import style as recipe
from facechain_ext.recipes.job import Job, Portrait
from facechain_ext.recipes.postprocess import PostprocessPipeline


def portraits(count):
    return [Portrait(Image.new("RGB", (8, 8), (seed, 0, 0)), seed, f"Seed: {seed}") for seed in range(count)]


@pytest.mark.parametrize("beside", [True, False])
@pytest.mark.parametrize("reported", [0, 2, 3], ids=["of none", "of some", "of all"])
def test_results_have_every_picture_once_in_order(beside, reported):
    made, done = portraits(3), []

    def work(portrait):
        done.append(portrait.seed)
        return portrait.seed * 10

    with PostprocessPipeline(work, beside=beside) as pipeline:
        for portrait in made[:reported]:
            pipeline.submit(portrait)
        assert pipeline.results(made[::-1]) == [20, 10, 0]
    assert sorted(done) == [0, 1, 2]


def test_work_goes_on_while_the_next_picture_is_made():
    first, second = portraits(2)
    begun, may_end = threading.Event(), threading.Event()

    def work(portrait):
        begun.set()
        assert may_end.wait(10)
        return threading.current_thread().name

    with PostprocessPipeline(work, beside=True) as pipeline:
        pipeline.submit(first)
        assert begun.wait(10)  # here, where the second picture would be made
        pipeline.submit(second)
        may_end.set()
        names = pipeline.results([first, second])
    assert len(set(names)) == 1
    assert threading.current_thread().name not in names


def test_an_error_is_raised_where_the_result_is_asked_for():
    def work(_portrait):
        raise ValueError("no result")

    made = portraits(1)
    with PostprocessPipeline(work, beside=True) as pipeline:
        pipeline.submit(made[0])
        with pytest.raises(ValueError, match="no result"):
            pipeline.results(made)


class Telling:
    """A host that tells of each picture."""

    name = "telling"

    def generate(self, job, *, progress=None, ready=None):
        made = portraits(job.count)
        for portrait in made:
            ready(portrait)
        return made


class Brighten:
    """Notes the threads that it works in."""

    name = "Brighten"

    def __init__(self):
        self.threads = []

    def __call__(self, picture, photo):
        self.threads.append(threading.current_thread())
        return picture.point(lambda value: min(255, value + 10))


@pytest.mark.parametrize(("gpu", "keep", "beside"), [(True, None, True), (True, 2, False), (False, None, False)])
def test_the_recipe_finishes_beside_the_generation_where_there_is_a_gpu(monkeypatch, gpu, keep, beside):
    monkeypatch.setattr("torch.cuda.is_available", lambda: gpu)
    monkeypatch.setattr("torch.cuda.current_device", lambda: 0)
    tool = Brighten()
    result = recipe.make(Telling(), Job("words", count=3), keep=keep, tools=[tool])
    assert [one.portrait.seed for one in result.pictures] == [0, 1, 2][:keep]
    assert [one.portrait.picture.getpixel((0, 0))[0] for one in result.pictures] == [10, 11, 12][:keep]
    assert len(tool.threads) == len(result.pictures)
    assert all((thread is not threading.current_thread()) == beside for thread in tool.threads)
