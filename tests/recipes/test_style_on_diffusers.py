"""The style portrait through the real diffusers host, on small models: every setting arrives and the face acts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from skimage import data

from facechain_ext.demo import random_models
from facechain_ext.hosts.diffusers import DiffusersHost
from facechain_ext.hosts.diffusers.checkpoint.tokenizer import clip_tokenizer
from facechain_ext.identity import Identity, TransFace
from facechain_ext.identity.likeness_scorer import EncoderScorer
from facechain_ext.recipes import style as recipe
from facechain_ext.recipes import style_settings
from facechain_ext.styles import catalogue
from facechain_ext.weights import set_models_folder

QUICK = replace(style_settings.FAITHFUL, steps=2, width=64, height=64)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return random_models(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def host(models):
    return DiffusersHost.from_files(models.checkpoint, adapter=models.adapter)


@pytest.fixture(scope="module")
def encoder(models):
    return TransFace.from_file(models.encoder)


@pytest.fixture(scope="module")
def person(encoder):
    return Identity.from_photos(data.astronaut(), encoder, name="Eileen")


@pytest.fixture(autouse=True)
def _folder(tmp_path):
    set_models_folder(tmp_path)
    yield
    set_models_folder(None)


def test_a_style_portrait_from_start_to_end(host, person, encoder):
    settings = replace(QUICK, count=2, seed=5, keep=2)
    job, notes = recipe.plan(person, catalogue()["watercolour"], settings, subject="portrait of a woman")
    assert notes == ()
    result = recipe.make(host, job, keep=settings.keep, scorer=EncoderScorer(encoder))
    assert sorted(p.portrait.seed for p in result.pictures) == [5, 6]
    for picture in result.pictures:
        assert picture.portrait.picture.size == (64, 64)
        assert "loose watercolour on rough paper" in picture.portrait.infotext
        assert "FaceChain" in picture.portrait.infotext
        assert picture.likeness is None  # random weights draw no face
    assert result.notes == ("Pictures without a face that can be judged come last.",)


def test_strength_changes_the_picture_and_nothing_else_does(host, person):
    def picture(strength):
        settings = replace(QUICK, strength=strength)
        job, _ = recipe.plan(person, catalogue()["hanfu"], settings)
        return np.asarray(recipe.make(host, job).pictures[0].portrait.picture)

    off, again, full = picture(0.0), picture(0.0), picture(1.0)
    assert np.array_equal(off, again)
    assert not np.array_equal(off, full)


def test_stopping(host, person):
    job, _ = recipe.plan(person, None, replace(QUICK, sampler="Euler", count=3))
    result = recipe.make(host, job, progress=lambda step, _: step < 3)
    assert len(result.pictures) == 1
    assert result.notes == ("Stopped after 1 of 3 pictures.",)


def test_every_style_fits_into_one_chunk_of_the_text_encoder():
    """77 tokens; a prompt that needs a second chunk weighs its words differently."""
    tokenizer = clip_tokenizer()
    for style in catalogue().values():
        words = style_settings.PUBLISHED_TEMPLATE.replace("{subject}", "portrait of a middle-aged woman")
        assert len(tokenizer(words.replace("{style}", style.positive))["input_ids"]) <= 77, style.key
        assert len(tokenizer(style.full_negative)["input_ids"]) <= 77, style.key
