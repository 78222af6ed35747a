"""A person in a host's conditioning: text encoders, schedules and caches written plainly as the hosts have them."""

from __future__ import annotations

import sys
import types
from collections import namedtuple
from dataclasses import dataclass

import pytest
import torch

pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")

from facechain_ext.errors import HostError
from facechain_ext.hosts.webui import method_lora, person_prompts
from facechain_ext.methods.method_lora import MethodLora
from facechain_ext.methods.photomaker import PhotoMakerSizes, new_photomaker
from facechain_ext.methods.photomaker.clip_vision import VisionSizes
from facechain_ext.methods.photomaker.conditioning import PersonConditioning
from tests.hosts.webui.fake_host import FORGE, install_marks

Entry = namedtuple("Entry", ["end_at_step", "cond"])
WORDS = ["a", "woman", "img", "in", "red", "hat", "king", "castle"]
CHUNK = 4


class Encoder:
    """Chunks of four tokens; a token's embedding depends on all before it in its chunk, weights multiply it."""

    def __init__(self, width, seed):
        self.table = torch.randn(len(WORDS), width, generator=torch.Generator().manual_seed(seed))

    def tokenize(self, texts):
        return [[WORDS.index(word) for word in text.split()] for text in texts]

    def __call__(self, texts):
        lines = [self.tokenize([text.replace("(", "").replace(")", "")])[0] for text in texts]
        weights = [1.5 if "(" in text else 1.0 for text in texts]
        count = max(-(-len(line) // CHUNK) for line in lines)
        parts = []
        for number in range(count):
            rows = [line[number * CHUNK : (number + 1) * CHUNK] for line in lines]
            rows = [row + [0] * (CHUNK - len(row)) for row in rows]
            parts.append(self.process_tokens(rows, [[weight] * CHUNK for weight in weights]))
        return torch.hstack(parts)

    def process_tokens(self, tokens, multipliers):
        return self.encode_with_transformers(torch.asarray(tokens)) * torch.asarray(multipliers)[..., None]

    def encode_with_transformers(self, tokens):
        return self.table[tokens].cumsum(1)


class Forge:
    """Two engines and a model that is no module, as in Forge."""

    def __init__(self):
        self.text_processing_engine_l, self.text_processing_engine_g = Encoder(4, 1), Encoder(8, 2)

    def encoders(self):
        return self.text_processing_engine_l, self.text_processing_engine_g

    def get_learned_conditioning(self, texts):
        first, second = (encoder(texts) for encoder in self.encoders())
        return {"crossattn": torch.cat([first, second], dim=2), "vector": second.mean(1)}


class Webui(Forge):
    """A conditioner with embedders, of which some take no text, as in AUTOMATIC1111's webui."""

    def __init__(self):
        self.conditioner = types.SimpleNamespace(embedders=[Encoder(4, 1), Encoder(8, 2), object()])

    def encoders(self):
        return self.conditioner.embedders[:2]


@dataclass
class Composable:
    schedules: list
    weight: float


@dataclass
class Multicond:
    shape: tuple
    batch: list


class Prompts(list):
    is_negative_prompt = False


def learn(model, prompts, steps, hires_steps=None, *_):
    """Each prompt's text up to a third of the steps, then it in a castle."""
    total = hires_steps or steps
    batch = []
    for prompt in prompts:
        conds = model.get_learned_conditioning([prompt, f"{prompt} castle"])
        entries = [Entry(end, {k: v[i] for k, v in conds.items()}) for i, end in enumerate((total // 3, total))]
        batch.append([Composable(entries, 0.7)])
    return Multicond((len(prompts),), batch)


class Generation:
    def __init__(self, model):
        self.model = model

    def get_conds_with_caching(self, function, prompts, steps, caches, networks, hires_steps=None):
        for cache in caches:
            if cache[0] == (list(prompts), steps, hires_steps):
                return cache[1]
        caches[0][:] = [(list(prompts), steps, hires_steps), function(self.model, prompts, steps, hires_steps)]
        return caches[0][1]


@pytest.fixture(params=[Forge, Webui])
def model(request, monkeypatch):
    made = request.param()
    shared = types.ModuleType("modules.shared")
    shared.sd_model = made
    monkeypatch.setitem(sys.modules, "modules", types.ModuleType("modules"))
    monkeypatch.setitem(sys.modules, "modules.shared", shared)
    monkeypatch.setattr(sys.modules["modules"], "shared", shared, raising=False)
    if request.param is Forge:
        install_marks(monkeypatch, FORGE)
    return made


@pytest.fixture
def person():
    torch.manual_seed(0)
    vision = VisionSizes(width=64, depth=1, hidden=64, patch=28, patches=64)
    encoder = new_photomaker(PhotoMakerSizes(vision, text=(4, 8)))
    return PersonConditioning(encoder, torch.randn(2, 12), torch.ones(2), 1.0, start=0.2)


def attributes(model):
    return [sorted(vars(one)) for one in (model, *model.encoders())]


def attached(model, person, *, hires=True):
    p, errors = Generation(model), []
    person_prompts.PersonPrompts(person, hires=hires, on_failure=errors.append).attach(p)
    return p, errors


def test_a_step_takes_the_words_first_and_then_the_person(model, person):
    before = attributes(model)
    p, errors = attached(model, person)
    prompts = Prompts(["a (woman) img in red hat"])
    made = p.get_conds_with_caching(learn, prompts, 10, [[None, None]], None)
    (composable,) = made.batch[0]
    assert composable.weight == 0.7
    assert [entry.end_at_step for entry in composable.schedules] == [2, 3, 10]
    words = learn(model, ["a (woman) in red hat"], 10).batch[0][0].schedules
    first, second, third = (entry.cond for entry in composable.schedules)
    assert torch.equal(first["crossattn"], words[0].cond["crossattn"])
    repeated = learn(model, ["a (woman) woman in red hat"], 10).batch[0][0].schedules
    for ours, plain in ((second, repeated[0].cond), (third, repeated[1].cond)):
        assert torch.equal(ours["vector"], plain["vector"])
        rows = torch.zeros(len(ours["crossattn"]), dtype=torch.bool)
        rows[1:3] = True
        assert torch.equal(ours["crossattn"][~rows], plain["crossattn"][~rows])
        unweighted = plain["crossattn"][rows] / 1.5
        expected = person.model.fuse_module(unweighted, person.id_embeds) * 1.5
        torch.testing.assert_close(ours["crossattn"][rows], expected, rtol=1e-4, atol=1e-5)
    assert attributes(model) == before
    assert not errors


def test_negative_prompts_and_hires_passes_without_the_person_are_the_hosts_own(model, person):
    p, _ = attached(model, person, hires=False)
    negative = Prompts(["a woman"])
    negative.is_negative_prompt = True
    for prompts, hires_steps in ((negative, None), (Prompts(["a woman img"]), 7)):
        cache = [None, None]
        made = p.get_conds_with_caching(learn, prompts, 10, [cache], None, hires_steps)
        own = learn(model, prompts, 10, hires_steps)
        pairs = zip(made.batch[0][0].schedules, own.batch[0][0].schedules, strict=True)
        assert all(torch.equal(a.cond["crossattn"], b.cond["crossattn"]) for a, b in pairs)
        assert cache[1] is made


def test_the_hosts_shared_caches_never_hold_the_person(model, person):
    p, _ = attached(model, person)
    cache = [None, None]
    p.get_conds_with_caching(learn, Prompts(["a woman"]), 10, [cache], None)
    assert cache == [None, None]
    person_prompts.PersonPrompts.detach(p)
    assert "get_conds_with_caching" not in vars(p)
    person_prompts.PersonPrompts.detach(p)


def test_img2img_counts_the_steps_that_it_makes(model, person, monkeypatch):
    common = types.ModuleType("modules.sd_samplers_common")
    common.setup_img2img_steps = lambda _p: (10, 4)
    monkeypatch.setitem(sys.modules, "modules.sd_samplers_common", common)
    monkeypatch.setattr(sys.modules["modules"], "sd_samplers_common", common, raising=False)
    p, _ = attached(model, person)
    p.init_images = ["picture"]
    made = p.get_conds_with_caching(learn, Prompts(["a woman"]), 10, [[None, None]], None)
    assert [entry.end_at_step for entry in made.batch[0][0].schedules][:1] == [1]


def test_an_error_leaves_the_words_alone_and_is_told(model, person, monkeypatch):
    before = attributes(model)
    monkeypatch.setattr(person.model.fuse_module, "forward", lambda *_: torch.ones(1, 5))
    p, errors = attached(model, person)
    made = p.get_conds_with_caching(learn, Prompts(["a woman"]), 10, [[None, None]], None)
    own = learn(model, ["a woman"], 10)
    assert torch.equal(made.batch[0][0].schedules[0].cond["crossattn"], own.batch[0][0].schedules[0].cond["crossattn"])
    assert "cannot be put into the prompt" in str(errors[0])
    assert attributes(model) == before


def test_a_model_of_one_text_encoder_is_left_alone(person, model):
    del model.__dict__[next(iter(vars(model)))]
    model.conditioner = types.SimpleNamespace(embedders=[Encoder(8, 2)])
    assert len(person_prompts.text_encoders(model)) == 1
    model.get_learned_conditioning = lambda texts: {"crossattn": Encoder(8, 2)(texts)}
    p, errors = attached(model, person)
    made = p.get_conds_with_caching(learn, Prompts(["a woman"]), 10, [[None, None]], None)
    assert len(made.batch[0][0].schedules) == 2
    assert not errors


def test_a_host_with_one_cache_for_all_prompts_is_refused(person):
    class Other:
        def get_conds_with_caching(self, function, prompts, steps, networks, hires_steps=None, is_negative=False):
            raise AssertionError("not encoded here")

    p = Other()
    prompts = person_prompts.PersonPrompts(person, hires=True, on_failure=lambda _error: None)
    with pytest.raises(HostError, match="encodes prompts in a way that FaceChain does not know"):
        prompts.attach(p)
    assert vars(p) == {}


def test_the_persons_lora_stays_listed_when_the_host_reads_its_list_anew(monkeypatch, tmp_path):
    lora = MethodLora("random", {}, 1.0, "abc")
    networks = types.ModuleType("networks")
    networks.available_networks, networks.available_network_aliases = {}, {}
    networks.network = types.SimpleNamespace(NetworkOnDisk=lambda name, file: (name, file))

    def list_available_networks():
        networks.available_networks.clear()
        networks.available_network_aliases.clear()

    networks.list_available_networks = list_available_networks
    monkeypatch.setitem(sys.modules, "networks", networks)
    monkeypatch.setattr(method_lora, "_file", lambda _lora: tmp_path / "facechain-person-abc.safetensors")
    assert method_lora.tag(lora) == "<lora:facechain-person-abc:1>"
    networks.list_available_networks()
    assert list(networks.available_networks) == ["facechain-person-abc"]
    method_lora.remove(lora)
    assert networks.list_available_networks is list_available_networks
    assert networks.available_networks == networks.available_network_aliases == {}


def test_schedules_are_joined_step_by_step():
    a, b, c, d = ({"n": n} for n in "abcd")
    words, person = [Entry(3, a), Entry(9, b)], [Entry(3, c), Entry(9, d)]
    assert person_prompts.join_schedules(words, person, lambda step: step > 1) == [
        Entry(1, a),
        Entry(3, c),
        Entry(9, d),
    ]
    assert person_prompts.join_schedules(words, person, lambda _step: False) == words
    assert person_prompts.join_schedules(words, person, lambda step: 4 < step < 7) == [
        Entry(3, a), Entry(4, b), Entry(6, d), Entry(9, b),
    ]  # fmt: skip
