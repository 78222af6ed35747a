"""Cards: what was saved comes back, and a damaged or wrong card is one sentence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from facechain_ext.errors import InputError, WeightsError
from facechain_ext.identity import Identity


@pytest.mark.parametrize("name", ["", "Anna", "李雷 👩‍🚀", "x" * 300])
def test_a_card_gives_back_what_was_saved(person, tmp_path, name):
    named = replace(person, name=name, notes=("small",))
    path = tmp_path / "card.safetensors"
    named.save(path)
    back = Identity.load(path)
    for field in ("face_tokens", "embeddings"):
        assert torch.equal(getattr(back, field), getattr(named, field))
    for field in ("aligned", "thumbnail"):
        assert np.array_equal(getattr(back, field), getattr(named, field))
    for field in ("photos", "weights", "encoder", "name", "notes", "digest"):
        assert getattr(back, field) == getattr(named, field)
    assert [file.name for file in tmp_path.iterdir()] == ["card.safetensors"]


def test_a_card_is_not_overwritten_by_accident(person, tmp_path):
    path = tmp_path / "card.safetensors"
    path.write_bytes(b"mine")
    with pytest.raises(InputError, match="not overwritten"):
        person.save(path)
    assert path.read_bytes() == b"mine"
    person.save(path, overwrite=True)
    assert Identity.load(path).digest == person.digest


def damaged(kind, person, path):
    person.save(path)
    content = path.read_bytes()
    if kind == "half":
        path.write_bytes(content[: len(content) // 2])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("hello", encoding="utf-8")
    elif kind == "newer":
        path.write_bytes(content.replace(b'"version":"1"', b'"version":"7"'))
    elif kind == "facts":
        path.write_bytes(content.replace(b'\\"weights\\"', b'\\"weighty\\"'))
    elif kind == "lora":
        save_file({"lora_unet_x.lora_down.weight": torch.zeros(2)}, path)
    elif kind == "missing":
        path.unlink()


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("half", "damaged"),
        ("empty", "damaged"),
        ("text", "damaged"),
        ("newer", "version 7"),
        ("facts", "damaged"),
        ("lora", "a LoRA"),
        ("missing", "cannot be read"),
    ],
)
def test_bad_cards_are_refused(person, tmp_path, kind, message):
    path = tmp_path / "bad.safetensors"
    damaged(kind, person, path)
    with pytest.raises(WeightsError, match=message):
        Identity.load(path)


def test_a_card_of_one_person_stays_readable_for_what_knows_no_mixes(person, tmp_path):
    for number, (identity, version) in enumerate([(person, "1"), (Identity.mix([(person, 1), (person, 1)]), "2")]):
        path = tmp_path / f"{number}.safetensors"
        identity.save(path)
        with safe_open(path, "pt") as file:
            assert file.metadata()["version"] == version


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t | {"face_tokens": t["face_tokens"].to(torch.int8)}, "int8"),
        (lambda t: t | {"embeddings": torch.full_like(t["embeddings"], torch.nan)}, "not finite"),
        (lambda t: t | {"aligned": t["aligned"].float()}, "damaged"),
    ],
)
def test_cards_of_the_right_layout_and_wrong_contents_are_one_sentence(person, tmp_path, change, message):
    path = tmp_path / "anna.safetensors"
    person.save(path)
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    tensors = load_file(path)
    save_file(change(tensors), path, metadata=metadata)
    with pytest.raises(WeightsError, match=message):
        Identity.load(path)


@pytest.mark.parametrize(
    "facts", ["[" * 20_000, '{"name": "a", "encoder": "b", "photos": [], "notes": [], "weights": [' + "9" * 400 + "]}"]
)
def test_facts_of_a_card_that_python_cannot_read_are_one_sentence(person, tmp_path, facts):
    path = tmp_path / "anna.safetensors"
    person.save(path)
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    tensors = load_file(path)
    save_file(tensors, path, metadata=metadata | {"facts": facts})
    with pytest.raises(WeightsError, match="damaged"):
        Identity.load(path)


def test_a_card_of_another_width_names_the_adapter(person):
    from facechain_ext.identity.projector import ProjectorSizes
    from facechain_ext.methods.fact import FaceAdapter
    from facechain_ext.methods.fact.model import AdapterSizes

    width = person.face_tokens.shape[2]
    with torch.device("meta"):
        adapter = FaceAdapter(AdapterSizes(projector=ProjectorSizes(face_width=width + 8)))
    adapter.name = "adapter-film"
    with pytest.raises(WeightsError, match=rf"width {width}, and the adapter adapter-film takes {width + 8}"):
        person.conditioning(adapter)


def test_a_person_with_numbers_that_are_not_finite_never_becomes_a_card(person, tmp_path):
    broken = replace(person, face_tokens=person.face_tokens * torch.nan)
    with pytest.raises(WeightsError, match="not finite"):
        broken.save(tmp_path / "anna.safetensors")
    assert not list(tmp_path.iterdir())


def test_names_that_are_not_unicode_are_kept_as_far_as_they_can(person, tmp_path):
    photos = tuple(replace(photo, name="me\udcff.jpg") for photo in person.photos)
    replace(person, name="An\udcffna", photos=photos).save(tmp_path / "anna.safetensors")
    again = Identity.load(tmp_path / "anna.safetensors")
    assert (again.name, again.photos[0].name) == ("An\ufffdna", "me\ufffd.jpg")
