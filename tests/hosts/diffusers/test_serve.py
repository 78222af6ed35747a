"""The page's host without a webui, on random tiny models."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from skimage import data

from facechain_ext.cli.serve import _controlnets
from facechain_ext.demo import random_models
from facechain_ext.errors import FaceChainError, HostError, InputError, WeightsError
from facechain_ext.hosts.diffusers.serve import ServeFiles, ServeHost
from facechain_ext.identity import Identity
from facechain_ext.recipes.job import Control, Job, Lora, Person
from facechain_ext.weights import set_models_folder

FACE = Image.fromarray(data.astronaut())


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    made = random_models(tmp_path_factory.mktemp("small"))
    return ServeFiles(made.checkpoint, encoder=made.encoder, adapters={"small": made.adapter}, notice="small")


@pytest.fixture
def host(files, tmp_path):
    set_models_folder(tmp_path / "models")
    yield ServeHost(files, tmp_path / "out")
    set_models_folder(None)


@pytest.fixture(scope="module")
def person(files):
    from facechain_ext.identity import TransFace

    return Identity.from_photos(FACE, TransFace.from_file(files.encoder))


def job(person=None, **changes):
    people = (Person(person),) if person is not None else ()
    return Job("a portrait", people=people, **{"steps": 2, "width": 64, "height": 64, "seed": 3, **changes})


def test_capabilities_are_listed_without_loading(host, files):
    capabilities = host.capabilities()
    assert (capabilities.checkpoint, capabilities.adapters) == (files.checkpoint.name, ("auto", "small"))
    assert capabilities.notice == "small"
    assert "--controlnet openpose=FILE" in capabilities.unavailable_reason("openpose")
    assert "webui" in capabilities.unavailable_reason("depth")
    assert host.send_targets() == ()
    assert host.preview() is None


def test_pictures_are_made_watched_and_kept(host, person):
    seen = []

    def watch(done, total):
        seen.append((done, total, host.preview()))
        return True

    (portrait,) = host.generate(job(person), progress=watch)
    assert [(done, total) for done, total, _ in seen] == [(1, 2), (2, 2)]
    assert all(preview_image.size == (64, 64) for _, _, preview_image in seen)
    assert host.preview() is None
    paths = [host.save(portrait) for _ in range(2)]
    assert [path.name for path in paths] == ["portrait-0001.png", "portrait-0002.png"]
    assert Image.open(paths[0]).info["parameters"] == portrait.infotext


def test_previews_change_nothing(host, person):
    plain = host.generate(job(person))[0].picture
    watched = host.generate(job(person), progress=lambda *_: host.preview() is not None)[0].picture
    assert np.array_equal(plain, watched)


def test_interrupting_keeps_what_is_finished_and_the_next_is_whole(host):
    def interrupt(done, _total):
        if done == 3:
            host.interrupt()
        return True

    assert len(host.generate(job(count=4), progress=interrupt)) == 1
    assert len(host.generate(job(count=2))) == 2


def test_a_generation_that_fails_leaves_the_next_as_if_nothing_had_happened(host, person):
    before = host.generate(job(person))[0].picture
    for bad in (job(width=63), job(loras=(Lora("gone"),)), job(sampler="Moon"), job(person, adapter="gone")):
        with pytest.raises(FaceChainError):
            host.generate(bad)
    assert np.array_equal(before, host.generate(job(person))[0].picture)


def test_two_browsers_get_their_own_people(host, person):
    """Two threads at once give bit for bit what each gives alone."""
    other = Identity.mix([(person, 1.0)])
    other = type(person)(**{**vars(other), "face_tokens": -other.face_tokens})
    alone = [host.generate(job(one, count=2))[1].picture for one in (person, other)]
    assert not np.array_equal(*alone)
    made: dict[int, Image.Image] = {}

    def run(number, one):
        made[number] = host.generate(job(one, count=2))[1].picture

    threads = [threading.Thread(target=run, args=(n, one)) for n, one in enumerate((person, other, person))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, expected in enumerate((alone[0], alone[1], alone[0])):
        assert np.array_equal(made[number], expected)


def test_whole_jobs_wait_for_each_other(host):
    order = []

    def work(name):
        def both():
            order.append(name)
            host.generate(job())
            order.append(name)

        return both

    threads = [threading.Thread(target=host.queued(work(name))) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert order in (["a", "a", "b", "b"], ["b", "b", "a", "a"])


def test_loras_are_found_by_name(host, files, tmp_path):
    folder = tmp_path / "loras"
    (folder / "deep").mkdir(parents=True)
    save_file({"x": torch.zeros(1)}, folder / "deep" / "ink.safetensors")
    served = ServeHost(ServeFiles(files.checkpoint, lora_folder=folder), tmp_path)
    assert served.capabilities().loras == ("ink",)
    with pytest.raises(WeightsError, match="not a LoRA"):
        served.generate(job(loras=(Lora("ink"),)))
    with pytest.raises(InputError, match="Put it into"):
        served.generate(job(loras=(Lora("gone"),)))


def test_a_prepared_control(host):
    skeleton = host.control_map(Control("openpose", FACE))
    assert skeleton.size == FACE.size
    assert 0.001 < (np.asarray(skeleton) > 0).mean() < 0.5
    with pytest.raises(HostError):
        host.control_map(Control("depth", FACE))


def test_without_an_encoder_it_says_how_to_get_one(files, tmp_path):
    set_models_folder(tmp_path)
    try:
        with pytest.raises(WeightsError, match="transface"):
            ServeHost(ServeFiles(files.checkpoint), tmp_path).likeness_scorer()
    finally:
        set_models_folder(None)


def test_controlnets_on_the_command_line():
    import typer

    assert _controlnets(["openpose=a=b.safetensors"]) == {"openpose": Path("a=b.safetensors")}
    for bad in ("x.safetensors", "pose=x"):
        with pytest.raises(typer.BadParameter):
            _controlnets([bad])


def test_is_waiting_is_true_only_for_threads_in_the_queue(tmp_path):
    host = ServeHost(ServeFiles(tmp_path / "none.safetensors"), tmp_path)
    begun, end, waiting = threading.Event(), threading.Event(), threading.Event()

    def first():
        begun.set()
        end.wait(20)

    one, other = threading.Thread(target=host.queued(first)), threading.Thread(target=host.queued(waiting.set))
    one.start()
    begun.wait(20)
    other.start()
    while not host.is_waiting(other.ident):
        time.sleep(0.01)
    assert not host.is_waiting(one.ident)
    assert not waiting.is_set()
    end.set()
    one.join(20)
    other.join(20)
    assert waiting.is_set()
    assert not host.is_waiting(other.ident)
