"""Two logins of one webui: whatever the second one asks, it learns and changes nothing of the first one's."""

from __future__ import annotations

import asyncio
import base64
import shutil
import types
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")

from facechain_ext.errors import FaceChainError
from facechain_ext.identity.library import CardLibrary
from facechain_ext.storage.owner import Owner, acting_as, current_owner, use_logins
from tests.hosts.webui import fake_host
from tests.hosts.webui.fake_host import generation
from tests.hosts.webui.ways_of_asking import MINE, NOBODYS, WAYS
from tests.jobs.fakes import job_request, make

ALICE, BOB, ROOT = Owner("alice"), Owner("bob"), Owner("root", administrator=True)
KEY = "order-17"


@pytest.fixture
def webui(monkeypatch, tmp_path, card_models):
    """A webui with logins for page and API; Alice has the card Ida, a job, a preset, a template and a thumbnail."""
    fastapi = pytest.importorskip("fastapi")
    from fastapi.testclient import TestClient

    shutil.copytree(card_models, tmp_path / "models")
    installed = fake_host.install(monkeypatch, tmp_path / "models", api_auth="alice:1,bob:2,root:3")
    installed.shared.cmd_opts.gradio_auth = "alice:1,bob:2"
    installed.shared.cmd_opts.facechain_administrator = "root"
    from facechain_ext.hosts.webui import job_queue, routes, script
    from facechain_ext.jobs.queue import JobQueue
    from facechain_ext.jobs.records import JobFolder
    from facechain_ext.recipes.template import TemplateGallery
    from facechain_ext.ui.portrait import presets
    from facechain_ext.ui.portrait.form import DEFAULTS
    from facechain_ext.weights import models_folder, set_models_folder

    script.register()
    installed.script = script.FaceChainScript()
    queue = JobQueue(JobFolder(models_folder() / "jobs"), make)
    monkeypatch.setattr(job_queue._Process, "queue", queue)
    app = fastapi.FastAPI()
    blocks = types.SimpleNamespace(call_function=_call_function, blocked_paths=["/elsewhere"])
    routes.add_routes(blocks, app)
    picture = tmp_path / f"{MINE}.png"
    Image.fromarray(np.full((64, 64, 3), 200, np.uint8)).save(picture)
    with acting_as(ALICE):
        CardLibrary().save(replace(CardLibrary().load("Anna"), name=""), MINE)
        presets.save(MINE, DEFAULTS)
        TemplateGallery().add(picture)
    job, _ = queue.submit(job_request(7), owner="alice", key=KEY)
    yield types.SimpleNamespace(
        host=installed, client=TestClient(app), blocks=blocks, job=job.id, queue=queue, folder=models_folder(),
        picture=picture,
    )  # fmt: skip
    set_models_folder(None)
    use_logins(on=False)


async def _call_function(fn_index, processed_input, iterator=None, requests=None, event_id=None):
    """What an event's function sees: whom it works for, as gradio calls it."""
    return await asyncio.to_thread(current_owner)


def run(webui, unet, name, user="bob", **face):
    """A generation with a card: whether the face was put in, and what the picture's text says."""
    made = generation(webui.host, unet, {"card": name, **face})
    made.user = user
    made.run()
    return made.extra_generation_params, made.comments


def axis(webui, unet, name):
    from facechain_ext.hosts.webui import xyz

    made = generation(webui.host, unet, {"card": "Anna"})
    made.user = "bob"
    xyz._setter("card")(made, name, [])
    made.run()
    return made.extra_generation_params, xyz._cards()


@pytest.mark.parametrize("way", WAYS)
def test_what_is_anothers_is_answered_as_what_does_not_exist(webui, way):
    before = {
        path: path.read_bytes() for path in webui.folder.rglob("*") if path.is_file() and "ida" in str(path).lower()
    }
    answers = []
    for name in (MINE, NOBODYS):
        with acting_as(BOB):
            try:
                answer = repr(WAYS[way](webui, name))
            except FaceChainError as error:
                answer = f"{type(error).__name__}: {error}"
        answers.append(answer.replace(name, "NAME"))
    assert answers[0] == answers[1]
    assert before
    assert all(path.read_bytes() == content for path, content in before.items())
    assert webui.queue.get(webui.job, ALICE).state == "queued"


def test_a_generation_uses_the_cards_of_its_login(webui, unet):
    for user, found in (("alice", True), ("bob", False), (None, False)):
        values, comments = run(webui, unet, MINE, user=user)
        assert ("FaceChain identity" in values) is found
        assert any("no card called Ida" in text for text in comments) is not found


def test_an_axis_of_a_plot_uses_the_cards_of_its_login(webui, unet):
    values, choices = axis(webui, unet, MINE)
    assert "no card called Ida" in values["FaceChain"]
    assert MINE not in choices


def test_a_style_shows_only_ones_own_first_picture(webui):
    from facechain_ext.identity.likeness_scale import Likeness
    from facechain_ext.recipes.thumbnails import keep_first_picture, own_thumbnail
    from facechain_ext.styles import all_styles

    style = next(iter(all_styles().values()))
    with acting_as(ALICE):
        kept = keep_first_picture(style, Image.new("RGB", (512, 512)), Likeness(0.9, "ArcFace"))
        assert kept is not None
        assert own_thumbnail(style) == kept.resolve()
    with acting_as(BOB):
        assert own_thumbnail(style) is None


@pytest.mark.parametrize(
    ("request_", "owner"),
    [
        (types.SimpleNamespace(username="bob"), BOB),
        ([types.SimpleNamespace(username="root")], ROOT),
        (types.SimpleNamespace(username=None), Owner(known=False)),
        (None, Owner(known=False)),
    ],
)
def test_an_event_of_the_page_runs_for_its_login(webui, in_own_loop, request_, owner):
    assert in_own_loop(webui.blocks.call_function(3, [], None, request_)) == owner
    assert in_own_loop(webui.blocks.call_function(3, [], requests=request_)) == owner


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Basic " + base64.b64encode(b"bob:2").decode(), "bob"),
        ("basic " + base64.b64encode(b"bob:2").decode(), "bob"),
        ("Basic " + base64.b64encode(b"bob:1").decode(), ""),
        ("Basic " + base64.b64encode(b"nobody:2").decode(), ""),
        ("Basic " + base64.b64encode(b"\xff:2").decode(), ""),
        ("Basic !", ""),
        ("Bearer bob:2", ""),
        ("", ""),
    ],
)
def test_only_a_right_password_gives_a_name(webui, header, name):
    from facechain_ext.hosts.webui.logins import api_passwords, checked_user

    assert checked_user([(b"Authorization", header.encode())], api_passwords()) == name


def test_files_of_cards_and_jobs_are_not_served_by_the_page(webui):
    for folder in ("cards", "jobs"):
        assert str(webui.folder / folder) in webui.blocks.blocked_paths
    assert webui.blocks.blocked_paths[0] == "/elsewhere"


def test_jobs_find_the_cards_of_their_login(webui):
    seen = []

    def work(parsed, progress):
        seen.append((current_owner().name, MINE in CardLibrary().names()))
        return make(parsed, progress)

    webui.queue._make = work
    bobs, _ = webui.queue.submit(job_request(8), owner="bob")
    webui.queue.start()
    for job_id_, owner in ((webui.job, ALICE), (bobs.id, BOB)):
        record = webui.queue.get(job_id_, owner)
        while record is not None and not record.has_ended:
            record = webui.queue.wait(record, 5.0)
    assert sorted(seen) == [("alice", True), ("bob", False)]
