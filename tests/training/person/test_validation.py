"""Validation: the same pictures at every step, the vote, and the average that is scored too."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from facechain_ext.errors import HostError
from facechain_ext.training.lora.average import average_weights
from facechain_ext.training.person.run import keep_templates
from facechain_ext.training.person.scoring import PersonScorer, scoring_embedder
from facechain_ext.training.person.templates import ValidationTemplate
from facechain_ext.training.person.validation import FOLDER, RECORD, Validation
from facechain_ext.training_runs.settings import LoraSettings


class Layers:
    """One layer of rank 2, whose weights a test sets."""

    pairs = ((0, 1),)

    def __init__(self):
        self.now = [torch.zeros(2, 3), torch.zeros(3, 2)]

    def weights(self):
        return [one.clone() for one in self.now]

    def set_weights(self, weights):
        self.now = [one.clone() for one in weights]

    def using(self, weights):
        return _Using(self, weights)


class _Using:
    def __init__(self, layers, weights):
        self._layers, self._weights = layers, weights

    def __enter__(self):
        self._before = self._layers.weights()
        self._layers.set_weights(self._weights)

    def __exit__(self, *_):
        self._layers.set_weights(self._before)


class Host:
    """Draws the layer's product at place (0, 0) as a grey, the same for the same weights."""

    def __init__(self, layers):
        self._layers, self.jobs = layers, []

    def generate(self, job):
        self.jobs.append(job)
        down, up = self._layers.now
        grey = int(np.clip(float((up @ down)[0, 0]), 0, 255))
        return [SimpleNamespace(picture=Image.new("RGB", (8, 8), (grey, grey, grey)))]


class Grey:
    """Scores a picture by how near its grey is to 100."""

    def score(self, pixels):
        return 1.0 - abs(float(pixels.mean()) - 100.0) / 255


@pytest.fixture
def training(tmp_path):
    layers = Layers()
    return SimpleNamespace(
        step=0, layers=layers, host=Host(layers), settings=LoraSettings(size=64),
        request=SimpleNamespace(work=tmp_path),
    )  # fmt: skip


def validated(training, greys):
    """A validation of one step for each of ``greys``, which is what the layer then draws."""
    validation = Validation(training, Grey(), "ohwx person", ())
    for number, grey in enumerate(greys, 1):
        training.step = 100 * number
        down, up = torch.zeros(2, 3), torch.zeros(3, 2)
        down[0, 0], up[0, 0] = float(grey), 1.0
        training.layers.set_weights([down, up])
        validation.validate()
    return validation


@pytest.mark.parametrize(
    ("greys", "expected", "stem"),
    [
        ((80, 120), 100.0, "average"),  # both are 20 off, their mean is right
        ((100, 20, 10), 100.0, "000100"),  # the mean of all is worse than the first
        ((0, 200, 100), 100.0, "000300"),
    ],
)
def test_the_best_of_the_steps_and_their_average_is_taken(training, greys, expected, stem):
    validation = validated(training, greys)
    words = []
    best = validation.take_best(words.append)
    down, up = training.layers.now
    assert float((up @ down)[0, 0]) == pytest.approx(expected, abs=0.1)
    assert best.name.startswith(stem)
    assert "the average of steps" in words[0]


def test_drawn_templates_are_kept_whole_or_not_at_all(tmp_path):
    folder, picture = tmp_path / "validation" / "templates", Image.new("RGB", (8, 8))
    template = ValidationTemplate(picture, picture.convert("L"))
    with pytest.raises(HostError, match="templates of the validation cannot be written"):
        keep_templates([template, ValidationTemplate(_OnFullDisk(), picture)], folder)
    assert not folder.exists()
    keep_templates([template, template], folder)
    assert [path.name for path in sorted(folder.iterdir())] == ["0.png", "1.png"]


class _OnFullDisk:
    def save(self, _path):
        raise OSError(28, "No space left on device")


def test_the_average_is_weighed_by_the_votes(training):
    validation = validated(training, (90, 95, 100))
    validation.take_best(lambda _words: None)
    weights = [validation._weights(step) for step in (100, 200, 300)]
    down, up = average_weights(weights, [2.0, 4.0, 4.0], training.layers.pairs)  # ten of the twelve pictures vote
    grey = np.array(Image.open(training.request.work / FOLDER / "average-0.png"))[0, 0, 0]
    assert grey == int(float((up @ down)[0, 0]))


def test_every_step_gets_the_same_words_and_seeds_and_is_found_again(training):
    validation = validated(training, (80, 120))
    jobs = training.host.jobs
    assert [(job.prompt, job.seed) for job in jobs[:4]] == [(job.prompt, job.seed) for job in jobs[4:8]]
    assert all("ohwx person" in job.prompt for job in jobs)
    again = Validation(training, Grey(), "ohwx person", ())
    assert again.scores == validation.scores
    record = json.loads((training.request.work / FOLDER / RECORD).read_text())
    assert list(record) == ["100", "200"]
    (training.request.work / FOLDER / "000100.safetensors").unlink()
    assert list(Validation(training, Grey(), "x", ()).scores) == [200]


def test_a_validation_that_cannot_be_written_says_what_is_safe(training):
    (training.request.work / FOLDER).write_text("a file in place of the folder")
    training.step = 100
    with pytest.raises(HostError, match=r"step 100 cannot be written.*saved up to step 100"):
        Validation(training, Grey(), "x", ()).validate()


class Embedder:
    same = 0.5

    def __init__(self, name):
        self.name = name

    def embed(self, pixels, face):
        return pixels[0, face].astype(np.float32)

    def similarity(self, one, other):
        return 1.0 - float(np.abs(one - other).mean()) / 255


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["SFace", "dlib", "TransFace"], "dlib"),
        (["SFace", "TransFace"], "SFace"),  # what conditions pictures scores none
        (["TransFace"], "TransFace"),
    ],
)
def test_the_scorer_is_another_network_than_the_chooser(names, expected):
    assert scoring_embedder([Embedder(name) for name in names]).name == expected


def test_a_score_is_the_mean_over_the_photos_of_the_nearest_face(tmp_path):
    for name, grey in (("a", 100), ("b", 110)):
        Image.new("RGB", (4, 4), (grey, grey, grey)).save(tmp_path / f"{name}.png")

    class Detector:
        name = "all"

        def detect(self, pixels):
            return [] if pixels.max() == 0 else list(range(pixels.shape[1]))

    scorer = PersonScorer([tmp_path / "a.png", tmp_path / "b.png"], Embedder("e"), Detector())
    picture = np.full((2, 2, 3), 200, np.uint8)
    picture[:, 1] = 105
    assert scorer.score(picture) == pytest.approx(1 - 5 / 255)
    assert scorer.score(np.zeros((2, 2, 3), np.uint8)) == 0.0
