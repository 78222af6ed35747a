"""PhotoMaker on an SDXL checkpoint, end to end on tiny random models."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from facechain_ext.errors import HostError, InputError, WeightsError
from facechain_ext.hosts.diffusers import DiffusersHost
from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint
from facechain_ext.hosts.diffusers.host_model import DiffusersModel
from facechain_ext.hosts.diffusers.sampling import conditions
from facechain_ext.identity import Identity
from facechain_ext.identity.projector import ProjectorSizes
from facechain_ext.methods.fact import new_adapter
from facechain_ext.methods.photomaker import clip_pixels, load_photomaker
from facechain_ext.methods.photomaker.method import PhotoMakerMethod
from facechain_ext.methods.registry import choose_method
from facechain_ext.recipes.job import Hires, Job, Person
from facechain_ext.weights import read_state_dict
from research.tiny_sdxl import TinySizes, make_tiny_sdxl
from tests.methods.photomaker import reference
from tests.people import someone

JOB = Job("a photo of a woman img in a garden", "blue", steps=4, width=64, height=64, cfg=4.0, sampler="Euler")
SIZES = TinySizes(second_width=64, second_layers=2)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return make_tiny_sdxl(tmp_path_factory.mktemp("sdxl"), sizes=SIZES)


@pytest.fixture(scope="module")
def host(files):
    return DiffusersHost.from_files(files.checkpoint, photomaker=files.photomaker, device="cpu")


def make(host, person=None, *, strength=0.5, window=(0.0, 1.0), settings=None, **changes):
    people = () if person is None else (Person(person, strength, window),)
    settings = {"style_strength": 0.2, **(settings or {})}
    (portrait,) = host.generate(replace(JOB, people=people, method_settings=settings, **changes))
    return portrait


def pixels(portrait):
    return np.asarray(portrait.picture, np.int16)


@pytest.fixture(scope="module")
def bare(host):
    return pixels(make(host))


def prepared(host, person, **settings):
    method = PhotoMakerMethod()
    return method.prepare(
        [Person(person)], {"photomaker": host.photomaker, **settings}, DiffusersModel(host.checkpoint)
    )


def test_the_weights_are_those_of_diffusers_own_converter(files):
    from diffusers.loaders import single_file_utils

    state = read_state_dict(files.checkpoint)
    loaded = load_checkpoint(files.checkpoint, sdxl=True)
    unet = single_file_utils.convert_ldm_unet_checkpoint(dict(state), dict(loaded.unet.config))
    assert set(unet) == set(loaded.unet.state_dict())
    assert all(torch.equal(value.float(), unet[key].float()) for key, value in loaded.unet.state_dict().items())
    assert loaded.text_encoder_2 is not None
    second = single_file_utils.convert_open_clip_checkpoint(
        loaded.text_encoder_2, dict(state), prefix="conditioner.embedders.1.model."
    )
    ours = {key.removeprefix("text_model."): value for key, value in loaded.text_encoder_2.state_dict().items()}
    theirs = {key.removeprefix("text_model."): value for key, value in second.items() if "position_ids" not in key}
    assert set(theirs) == set(ours)
    assert all(torch.equal(theirs[key].float(), value.float()) for key, value in ours.items())


def test_the_family_is_read_off_the_unet_and_chooses_the_method(host):
    assert DiffusersModel(host.checkpoint).family == "SDXL"
    assert choose_method("SDXL").name == "PhotoMaker"
    assert choose_method("SD1.5").name == "FACT"


def published(checkpoint, encoder, person, words, at, copies):
    """The prompt's embeddings and its pooled vector as published, written plainly: 77 tokens, everything by hand."""
    tokenizer = checkpoint.tokenizer
    ids = tokenizer(words, add_special_tokens=False).input_ids
    ids = [*ids[:at], *[ids[at]] * copies, *ids[at + 1 :]][:75]
    framed = [49406, *ids, 49407]
    hidden = []
    for model, padding in ((checkpoint.text_encoder, 49407), (checkpoint.text_encoder_2, 0)):
        output = model(torch.tensor([framed + [padding] * (77 - len(framed))]), output_hidden_states=True)
        hidden.append(output.hidden_states[-2])
    embeds = torch.cat(hidden, dim=-1)
    if person is None:
        return embeds, output.text_embeds
    mask = torch.zeros(1, 77, dtype=torch.bool)
    mask[0, at + 1 : at + 1 + copies] = True
    pixels = torch.stack([clip_pixels(head) for head in person.heads])
    return reference.embed(encoder.state_dict(), pixels, embeds, mask, None), output.text_embeds


@pytest.mark.parametrize("photos", [1, 3])
@pytest.mark.parametrize(
    ("prompt", "words", "at"),
    [
        ("woman img in a red hat", "woman in a red hat", 0),
        ("a photo of a woman img, red hat", "a photo of a woman, red hat", 4),
        (f"{'very ' * 70}old woman img", f"{'very ' * 70}old woman", 71),
        ("a woman img beside a woman", "a woman beside a woman", 1),
    ],
    ids=["start", "middle", "end of the chunk", "twice"],
)
def test_the_prompt_is_as_published(host, photos, prompt, words, at):
    person = someone(photos)
    conditioning = prepared(host, person).conditioning
    made = conditions.guidance(host.checkpoint, prompt, "", 5.0, conditioning)
    with torch.no_grad():
        embeds, pooled = published(host.checkpoint, host.photomaker, person, words, at, photos)
        text, text_pooled = published(host.checkpoint, host.photomaker, None, words, at, 1)
    assert (made.person.embeds - embeds).norm() / embeds.norm() < 1e-4
    torch.testing.assert_close(made.person.pooled, pooled, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(made.positive.embeds, text, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(made.positive.pooled, text_pooled, rtol=1e-4, atol=1e-5)


def test_weights_breaks_and_long_prompts_go_on(host):
    conditioning = prepared(host, someone(2)).conditioning
    prompt = f"a (woman img:1.3) in a garden BREAK {'red, ' * 60}"
    made = conditions.guidance(host.checkpoint, prompt, "", 5.0, conditioning)
    assert made.person.embeds.shape == (1, 3 * 77, 128)
    plain = conditions.guidance(host.checkpoint, "a (woman woman:1.3) in a garden", "", 5.0)
    rows = torch.ones(77, dtype=torch.bool)
    rows[2:4] = False  # behind the start and "a"
    assert torch.equal(made.person.embeds[0, :77][rows], plain.positive.embeds[0][rows])
    assert not torch.equal(made.person.embeds[0, :77][~rows], plain.positive.embeds[0][~rows])


def test_off_is_bit_identical_and_on_is_not(host, bare):
    person = someone()
    on = pixels(make(host, person))
    assert np.abs(on - bare).max() > 3
    assert np.array_equal(pixels(make(host, person, strength=0.0)), bare)
    assert np.array_equal(pixels(make(host)), bare)
    assert not np.array_equal(pixels(make(host, someone(seed=1))), on)
    assert not np.array_equal(pixels(make(host, someone(3))), on)


def test_style_strength_1_is_the_words_alone_but_for_the_lora(host):
    person = someone()
    words = "a photo of a woman in a garden"  # the trigger would be read as a word where nobody is put in
    bare = pixels(make(host, prompt=words))
    lora, host.photomaker.lora = host.photomaker.lora, {}
    try:
        for share, same in ((1.0, True), (0.0, False)):
            made = make(host, person, prompt=words, settings={"style_strength": share})
            assert np.array_equal(pixels(made), bare) is same
    finally:
        host.photomaker.lora = lora
    made = make(host, person, prompt=words, settings={"style_strength": 1.0})
    assert not np.array_equal(pixels(made), bare)


def test_the_person_comes_behind_the_published_step(host):
    conditioning = prepared(host, someone(), style_strength=0.2).conditioning
    assert [conditioning.acts_in(step, 50) for step in (0, 10, 11, 49)] == [False, False, True, True]
    assert not any(prepared(host, someone(), style_strength=1.0).conditioning.acts_in(step, 50) for step in range(50))


def test_fact_acts_where_an_adapter_of_its_layout_is_loaded(host, files, bare):
    torch.manual_seed(2)
    sizes = ProjectorSizes(64, width=64, inner=64, depth=1, queries=4, hidden=64, token_width=128)
    alone = DiffusersHost(host.checkpoint, new_adapter(host.checkpoint.unet, projector=sizes, gate=0.9))
    person = someone()
    made = make(alone, person)  # there is no PhotoMaker file, so the method is chosen by what there is
    assert "FaceChain method: FACT" in made.infotext
    assert any("untrained as far as its file tells" in note for note in made.notes)
    assert any(note.startswith("FACT puts the person in, because") for note in made.notes)
    assert not np.array_equal(pixels(made), bare)
    assert np.array_equal(pixels(make(alone, person, strength=0.0)), bare)
    alone.photomaker = host.photomaker
    assert "FaceChain method: PhotoMaker" in make(alone, person).infotext
    assert "FaceChain method: FACT" in make(alone, someone(heads=False)).infotext  # an earlier version's card
    assert np.array_equal(pixels(make(alone)), bare)


def test_the_hires_pass_may_be_without_the_person(host):
    hires = Hires(2.0, 0.6)
    person = someone()
    both, first = (make(host, person, hires=hires, face_in_hires=one) for one in (True, False))
    assert both.picture.size == (128, 128)
    assert not np.array_equal(pixels(both), pixels(first))


def test_an_error_leaves_the_model_as_it_was(host, bare):
    def stop(_step, _steps):
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        host.generate(replace(JOB, people=(Person(someone()),)), progress=stop)
    assert np.array_equal(pixels(make(host)), bare)


def test_what_the_user_should_know_is_in_the_notes(host):
    because = "PhotoMaker puts the person in, because the loaded checkpoint is SDXL."
    assert make(host, someone()).notes == (because,)
    assert make(host, someone(), method="PhotoMaker").notes == ()
    _, note = make(host, someone(), prompt="a portrait of a woman").notes
    assert "woman" in note
    with pytest.raises(HostError, match=r"no face adapter is loaded\. Name one with --adapter"):
        make(host, someone(), method="fact")
    with pytest.raises(InputError, match="no method called 'magic'; there are: auto, FACT, PhotoMaker"):
        make(host, someone(), method="magic")
    with pytest.raises(InputError, match="no word for a person"):
        make(host, someone(), prompt="a castle")


def test_the_settings_are_in_the_picture(host):
    assert "FaceChain style strength: 0," in make(host, someone(), settings={"style_strength": 0.0}).infotext
    text = make(host, someone(), settings={"style_strength": 0.35, "class_word": "old woman"}).infotext
    assert "FaceChain style strength: 0.35" in text
    assert "FaceChain class word: old woman" in text
    assert "FaceChain PhotoMaker: photomaker-random" in text
    assert "FaceChain identity: Eileen" in text
    assert "FaceChain method: PhotoMaker" in text
    assert "FaceChain adapter" not in text


def test_the_class_word_can_be_another(host):
    conditioning = prepared(host, someone(), class_word="child").conditioning
    made = conditions.guidance(host.checkpoint, "a photo of a woman img, red hat", "", 5.0, conditioning)
    with torch.no_grad():
        words = "a photo of a child, red hat"
        embeds, _ = published(host.checkpoint, host.photomaker, someone(), words, 4, 1)
        text, _ = published(host.checkpoint, host.photomaker, None, words, 4, 1)
    assert (made.person.embeds - embeds).norm() / embeds.norm() < 1e-4
    torch.testing.assert_close(made.positive.embeds, text, rtol=1e-4, atol=1e-5)


def test_a_mix_goes_smoothly_from_one_person_to_the_other(host):
    anna, berta = someone(seed=1, name="Anna"), someone(seed=2, name="Berta")
    embeds = [
        prepared(host, Identity.mix([(anna, 1 - share), (berta, share)])).conditioning.id_embeds
        for share in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    alone = [prepared(host, one).conditioning.id_embeds for one in (anna, berta)]
    assert torch.equal(embeds[0], alone[0])
    assert torch.equal(embeds[-1], alone[1])
    for share, mixed in zip((0.25, 0.5, 0.75), embeds[1:-1], strict=True):
        torch.testing.assert_close(mixed, (1 - share) * alone[0] + share * alone[1])


def test_what_does_not_fit_is_refused_in_a_sentence(host, files, tmp_path):
    with pytest.raises(InputError, match="head and shoulders"):
        make(host, someone(heads=False))
    other = make_tiny_sdxl(tmp_path, sizes=replace(SIZES, second_width=128))
    wrong = load_photomaker(other.photomaker)
    with pytest.raises(HostError, match=r"192 numbers a token.*takes 128"):
        prepared(host, someone(), photomaker=wrong)
    broken = tmp_path / "cut.bin"
    broken.write_bytes(files.photomaker.read_bytes()[:1000])
    with pytest.raises(WeightsError, match=r"cut\.bin"):
        load_photomaker(broken)
    with pytest.raises(HostError, match="is a Stable Diffusion XL checkpoint"):
        load_checkpoint(files.checkpoint)


def test_of_several_people_the_first_is_put_in_and_that_is_said(host):
    people = (Person(someone(seed=1)), Person(someone(seed=2)))
    (both,) = host.generate(replace(JOB, people=people))
    (first,) = host.generate(replace(JOB, people=people[:1]))
    assert np.array_equal(pixels(both), pixels(first))
    assert "one person" in both.notes[1]
