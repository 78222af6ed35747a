"""The worker on the diffusers host with tiny models: requests become files, and can be stopped."""

from __future__ import annotations

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from skimage import data

from facechain_ext.errors import InputError, PhotoError, WeightsError
from facechain_ext.hosts.diffusers.serve import ServeFiles, ServeHost
from facechain_ext.identity.photo_judge import PhotoCheck
from facechain_ext.jobs.items import CARD_URL
from facechain_ext.jobs.job_request import parse_job_request
from facechain_ext.jobs.records import JobFolder, JobRecord, public_facts
from facechain_ext.jobs.request_sources import RequestSources
from facechain_ext.jobs.worker import RequestWorker
from facechain_ext.labels import describe, read_packet
from facechain_ext.recipes.job import Portrait

PHOTO = data.astronaut()


def base64_of(pixels):
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode("ascii")


@pytest.fixture(scope="module")
def worker(models, tmp_path_factory):
    files = ServeFiles(models.checkpoint, encoder=models.encoder, adapters={"small": models.adapter})
    return RequestWorker(ServeHost(files, tmp_path_factory.mktemp("out")), RequestSources())


@pytest.fixture(scope="module")
def card(person, tmp_path_factory):
    file = tmp_path_factory.mktemp("card") / "anna.safetensors"
    person.save(file)
    return CARD_URL + base64.b64encode(file.read_bytes()).decode("ascii")


def portrait(settings=None, **values):
    small = {"steps": 2, "width": 64, "height": 64}
    return parse_job_request({"prompt": "a photo", "settings": {**small, **(settings or {})}, **values})


def test_photos_and_their_card_give_the_same_picture(worker, card):
    by_photo = worker.make(portrait(photos=[base64_of(PHOTO)], settings={"seed": 5, "count": 2}))
    by_card = worker.make(portrait(card=card, settings={"seed": 5, "count": 2}))
    assert sorted(one.seed for one in by_photo.pictures) == [5, 6]
    for one, other in zip(by_photo.pictures, by_card.pictures, strict=True):
        assert np.array_equal(*(np.asarray(Image.open(io.BytesIO(file.content))) for file in (one, other)))
    first = by_card.pictures[0]
    assert Image.open(io.BytesIO(first.content)).info["parameters"] == first.infotext
    assert describe(read_packet(first.content))["source_type"] == "trainedAlgorithmicMedia"


def test_what_a_second_network_says_is_in_the_answer(worker, card, monkeypatch, tmp_path):
    class Judge:
        def reference(self, identity, photos, face):
            return [identity.name, len(photos), face]

        def check(self, _picture, reference):
            assert reference[1:] == [1, 0]
            return PhotoCheck(0.31, "same person", copied=False)

    monkeypatch.setattr("facechain_ext.jobs.recipes.portrait.photo_judge", Judge)
    (picture,) = worker.make(portrait(photos=[base64_of(PHOTO)])).pictures
    folder = JobFolder(tmp_path)
    record = JobRecord(id="0" * 28)
    folder.create(record, {})
    saved = folder.save_picture(record.id, 1, picture)
    told = public_facts(replace(record, pictures=(saved,)))["pictures"][0]["check"]
    assert told == {"distance": 0.31, "verdict": "same person", "copied": False, "recogniser": "dlib"}


def test_a_template_keeps_everything_but_the_face(worker):
    job_request = parse_job_request(
        {"recipe": "template", "template": base64_of(PHOTO), "faces": {"1": {"photo": base64_of(PHOTO[:, ::-1])}}}
    )
    made = worker.make(job_request)
    pixels = np.asarray(Image.open(io.BytesIO(made.pictures[0].content)).convert("RGB"))
    assert np.array_equal(pixels[300:], PHOTO[300:])
    assert not np.array_equal(pixels[:300], PHOTO[:300])
    assert describe(read_packet(made.pictures[0].content))["source_type"] == "compositeCapture"


def test_a_template_of_words_is_drawn_by_the_host_and_says_how(worker, monkeypatch):
    drawn = []

    def generate(job, **_):
        drawn.append(job)
        return [Portrait(Image.fromarray(PHOTO), job.seed, "")]

    monkeypatch.setattr(worker._host, "generate", generate)
    asked, capabilities = [], worker._host.capabilities
    monkeypatch.setattr(worker._host, "capabilities", lambda: (asked.append(1), capabilities())[1])
    scene = {"words": "a pilot", "width": 64, "height": 64, "lora": "ink", "lora_weight": 0.6}
    order = {"recipe": "template", "scene": scene, "faces": {"1": "pixelate"}, "settings": {"seed": 4, "steps": 2}}
    (picture,) = worker.make(parse_job_request(order)).pictures
    assert len(asked) == 1, "what the host can is found out once"
    assert (drawn[0].prompt, drawn[0].seed, drawn[0].steps, drawn[0].loras[0].weight) == ("a pilot", 4, 2, 0.6)
    assert "FaceChain scene: a pilot, FaceChain scene seed: 4, FaceChain scene LoRA: ink" in picture.infotext


def test_a_painted_template_takes_the_host(worker, card):
    settings = {"quality": "standard", "steps": 1}
    job_request = parse_job_request(
        {
            "recipe": "template",
            "template": base64_of(PHOTO[:, ::-1]),
            "faces": {"1": {"card": card}},
            "settings": settings,
        }
    )
    (picture,) = worker.make(job_request).pictures
    assert describe(read_packet(picture.content))["source_type"] == "compositeWithTrainedAlgorithmicMedia"
    assert "FaceChain quality: standard" in picture.infotext


def test_a_repair_of_faces_paints_only_the_face(worker, card):
    settings = {"steps": 1, "seed": 3}
    job_request = parse_job_request(
        {"recipe": "detail", "picture": base64_of(PHOTO[:, ::-1]), "people": [{"card": card}], "settings": settings}
    )
    (picture,) = worker.make(job_request).pictures
    pixels = np.asarray(Image.open(io.BytesIO(picture.content)).convert("RGB"))
    assert np.array_equal(pixels[300:], PHOTO[300:, ::-1])
    assert not np.array_equal(pixels[:300], PHOTO[:300, ::-1])
    assert describe(read_packet(picture.content))["source_type"] == "compositeWithTrainedAlgorithmicMedia"


def test_what_is_stopped_keeps_what_is_finished(worker, card):
    made = worker.make(portrait(card=card, settings={"count": 3}), lambda step, _steps: step < 3)
    assert made.stopped
    assert len(made.pictures) == 1


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ({"photos": ["/etc/passwd"]}, PhotoError, "not a picture"),
        ({"photos": [base64_of(np.zeros((200, 200, 3), np.uint8))]}, PhotoError, "No face"),
        ({"card": "Nobody"}, InputError, "no card called Nobody"),
        ({"card": "../../etc/passwd"}, InputError, "name"),
        ({"card": CARD_URL + "aGVsbG8="}, WeightsError, "card"),
        ({"card": CARD_URL + "???"}, InputError, "base64"),
        ({"card": "data:text/plain,hello"}, InputError, "begins with"),
    ],
)
def test_what_cannot_be_used_is_named(worker, models_folder, values, error, words):
    with pytest.raises(error, match=words):
        worker.make(portrait(**values))


def test_a_drawing_keeps_the_photos_own_people_or_those_of_the_request(worker, card):
    picture, settings = base64_of(PHOTO), {"steps": 2, "look": "3D", "seed": 4}
    own = worker.make(parse_job_request({"recipe": "redraw", "picture": picture, "settings": settings}))
    given = {"recipe": "redraw", "picture": picture, "people": [{"card": card, "strength": 1.5}], "settings": settings}
    other = worker.make(parse_job_request(given))
    first, second = own.pictures[0], other.pictures[0]
    assert first.seed == second.seed == 4
    assert "FaceChain strength: 0.6" in first.infotext
    assert "FaceChain strength: 1.5" in second.infotext
    assert not np.array_equal(*(np.asarray(Image.open(io.BytesIO(one.content))) for one in (first, second)))
    assert describe(read_packet(first.content))["source_type"] == "compositeWithTrainedAlgorithmicMedia"


def test_a_garment_is_kept_by_its_mask_or_its_points(worker, card):
    mask = np.zeros(PHOTO.shape[:2], np.uint8)
    mask[300:500, 130:400] = 255
    common = {"recipe": "garment", "picture": base64_of(PHOTO), "people": [{"card": card}]}
    settings = {"steps": 1, "face_denoise": 0}
    made = worker.make(parse_job_request({**common, "mask": base64_of(mask), "settings": settings}))
    pixels = np.asarray(Image.open(io.BytesIO(made.pictures[0].content)))
    assert np.array_equal(pixels[mask > 0], PHOTO[mask > 0])
    assert made.left_out == (
        "Painted without ControlNet for openpose, depth, canny: install it to follow the garment.",
    )
    grown = worker.make(parse_job_request({**common, "points": {"inside": [[0.5, 0.8]]}, "settings": settings}))
    assert (np.asarray(Image.open(io.BytesIO(grown.pictures[0].content))) != PHOTO).any()
