"""A person in the host's own conditioning: its tokenizer, chunks, weights and schedules stay as they are.

Two conditionings are made of each positive prompt, of the words alone and with the person; the host's list of schedules
tells which one a step takes. Only the generation and, while a prompt is encoded, the text encoders' instances carry
anything of it.
"""

from __future__ import annotations

import functools
import inspect
import logging
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import torch

from facechain_ext.devices import is_out_of_memory
from facechain_ext.errors import HostError
from facechain_ext.hosts.webui.host_facts import host
from facechain_ext.hosts.webui.messages import as_sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import Tensor

    from facechain_ext.hosts.webui.host_types import ConditionedModel, Processing, Schedule, TextEncoder
    from facechain_ext.methods.protocol import PreparedMethod, PromptConditioning

    Conditions = Any
    """What the host makes of prompts; it differs between hosts and is handed on."""

log = logging.getLogger(__name__)

_METHOD = "get_conds_with_caching"
"""The method of a generation that encodes its prompts, in every host."""


class PersonPrompts:
    """The prompts of one generation with a person in them; with ``hires`` those of the hires pass too.

    ``on_failure`` is called when the person cannot be put into a prompt; the picture goes on with the words alone.
    """

    def __init__(
        self, conditioning: PromptConditioning, *, hires: bool, on_failure: Callable[[HostError], None]
    ) -> None:
        self._conditioning = conditioning
        self._hires = hires
        self._on_failure = on_failure
        self._caches: dict[tuple[str, bool], list[object]] = {}

    def attach(self, p: Processing) -> None:
        """Have the prompts of ``p`` encoded with the person; ``detach`` ends that.

        Raises HostError where the host encodes prompts in a way that is not known (it keeps one cache for all).
        """
        self.detach(p)
        if "caches" not in inspect.signature(getattr(p, _METHOD)).parameters:
            raise HostError(
                "This webui encodes prompts in a way that FaceChain does not know, so the person cannot be put into a "
                "prompt of SDXL here. Use it in AUTOMATIC1111's webui, Forge, Forge Neo, reForge or Forge Classic."
            )
        setattr(p, _METHOD, functools.partial(self._encode, p, getattr(p, _METHOD)))

    @classmethod
    def detach(cls, p: Processing) -> None:
        """Have the host encode the prompts of ``p`` itself again; harmless where it does."""
        ours = vars(p).get(_METHOD)
        if isinstance(ours, functools.partial) and getattr(ours.func, "__func__", None) is cls._encode:
            delattr(p, _METHOD)

    def _encode(
        self,
        p: Processing,
        encode: Callable[..., Conditions],
        function: Callable[..., Conditions],
        prompts: list[str],
        steps: int,
        caches: list[list[object]],
        networks: object,
        hires_steps: int | None = None,
    ) -> Conditions:
        """What ``encode``, the host's own method, gives, with the person in positive prompts."""
        from modules import shared

        hires = hires_steps is not None
        model = shared.sd_model
        encoders = text_encoders(model)
        if getattr(prompts, "is_negative_prompt", False) or len(encoders) < 2 or (hires and not self._hires):
            return encode(function, prompts, steps, caches, networks, hires_steps)

        def encoded(kind: str) -> Conditions:
            cache = self._caches.setdefault((kind, hires), [None, None])
            return encode(function, prompts, steps, [cache], networks, hires_steps)

        try:
            with _words_alone(encoders, self._conditioning):
                words = encoded("words")
            with _with_person(model, encoders, self._conditioning):
                person = encoded("person")
            total = hires_steps if hires_steps is not None else _steps_of_pass(p, steps)
            return _joined(words, person, lambda step: self._conditioning.acts_in(step, total))
        except Exception as error:
            if is_out_of_memory(error):
                raise
            log.exception("the person cannot be put into the prompt")
            self._on_failure(HostError(f"it cannot be put into the prompt: {as_sentence(error)}"))
            return encode(function, prompts, steps, caches, networks, hires_steps)


def text_encoders(model: object) -> list[TextEncoder]:
    """The model's text encoders that read tokens, the narrower one first as in SDXL's embeddings."""
    engines = [getattr(model, name, None) for name in host().text_encoders]
    if engines and all(engine is not None for engine in engines):
        return [engine for engine in engines if engine is not None]
    embedders = getattr(getattr(model, "conditioner", None), "embedders", ())
    return [one for one in embedders if hasattr(one, "process_tokens") and hasattr(one, "tokenize")]


def _steps_of_pass(p: Processing, steps: int) -> int:
    """How many steps the first pass makes of ``steps``: img2img makes the last ones only."""
    if not hasattr(p, "init_images"):
        return steps
    from modules import sd_samplers_common

    _, last = sd_samplers_common.setup_img2img_steps(p)
    multiplier = int(getattr(p, "step_multiplier", 1) or 1)
    return (int(last) + 1) * multiplier


@contextmanager
def _replaced(owner: object, name: str, value: object) -> Iterator[None]:
    """``owner.name`` is ``value`` inside the block; afterwards the instance has no attribute of that name again."""
    earlier = vars(owner).get(name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if earlier is None:
            delattr(owner, name)
        else:
            setattr(owner, name, earlier)


@contextmanager
def _words_alone(encoders: Sequence[TextEncoder], conditioning: PromptConditioning) -> Iterator[None]:
    with ExitStack() as stack:
        for encoder in encoders:
            tokenize = functools.partial(conditioning.tokenize_words, encoder.tokenize)
            stack.enter_context(_replaced(encoder, "tokenize", tokenize))
        yield


@contextmanager
def _with_person(
    model: ConditionedModel, encoders: Sequence[TextEncoder], conditioning: PromptConditioning
) -> Iterator[None]:
    """Inside the block the model's conditioning has the person in its marked tokens."""
    recordings = [_Recording(encoder) for encoder in encoders]
    encode = model.get_learned_conditioning

    def with_person(batch: object) -> dict[str, Tensor]:
        for recording in recordings:
            recording.clear()
        conditions = encode(batch)
        marks = [recording.marks(conditioning) for recording in recordings]
        if not all(torch.equal(one, marks[0]) for one in marks):
            raise HostError("the two text encoders cut the prompt differently.")
        plain = torch.cat([recording.plain() for recording in recordings], dim=2)
        conditions["crossattn"] = conditioning.fuse(conditions["crossattn"], plain, marks[0])
        return conditions

    with ExitStack() as stack:
        for encoder, recording in zip(encoders, recordings, strict=True):
            tokenize = functools.partial(conditioning.tokenize, encoder.tokenize)
            stack.enter_context(_replaced(encoder, "tokenize", tokenize))
            stack.enter_context(_replaced(encoder, "process_tokens", recording.process_tokens))
            stack.enter_context(_replaced(encoder, "encode_with_transformers", recording.encode_with_transformers))
        stack.enter_context(_replaced(model, "get_learned_conditioning", with_person))
        yield


class _Recording:
    """The tokens of each chunk that a text encoder encodes, and what it makes of them before weights are applied."""

    def __init__(self, encoder: TextEncoder) -> None:
        self._process, self._transform = encoder.process_tokens, encoder.encode_with_transformers
        self._tokens: list[list[list[int]]] = []
        self._outputs: list[Tensor] = []

    def clear(self) -> None:
        """Forget what was recorded."""
        self._tokens.clear()
        self._outputs.clear()

    def process_tokens(self, tokens: list[list[int]], multipliers: list[list[float]]) -> Tensor:
        """The host's own, recorded."""
        self._tokens.append(tokens)
        return self._process(tokens, multipliers)

    def encode_with_transformers(self, tokens: Tensor) -> Tensor:
        """The host's own, recorded; a copy, since the weights may be applied in place."""
        output = self._transform(tokens)
        self._outputs.append(output.detach().clone())
        return output

    def marks(self, conditioning: PromptConditioning) -> Tensor:
        """Which tokens are marked, bool [prompts, tokens of all chunks]."""
        chunks = [[[conditioning.is_marked(token) for token in row] for row in chunk] for chunk in self._tokens]
        return torch.cat([torch.tensor(chunk) for chunk in chunks], dim=1)

    def plain(self) -> Tensor:
        """The outputs [prompts, tokens of all chunks, width]."""
        return torch.cat(self._outputs, dim=1)


def _joined(words: Conditions, person: Conditions, acts: Callable[[int], bool]) -> Conditions:
    """The host's conditioning of ``words``, with that of ``person`` in the steps in which ``acts`` is true."""
    batch = [
        [
            type(one)(join_schedules(one.schedules, other.schedules, acts), one.weight)
            for one, other in zip(ones, others, strict=True)
        ]
        for ones, others in zip(words.batch, person.batch, strict=True)
    ]
    return type(words)(shape=words.shape, batch=batch)


def join_schedules(
    words: Sequence[Schedule], person: Sequence[Schedule], acts: Callable[[int], bool]
) -> list[Schedule]:
    """One schedule from two of the same prompt: in each step, from 0, the entry that its own schedule has there."""
    last = max(entry.end_at_step for entry in (*words, *person))
    joined: list[Schedule] = []
    for step in range(last + 1):
        schedule = person if acts(step) else words
        entry = next((one for one in schedule if step <= one.end_at_step), schedule[0])
        if joined and joined[-1].cond is entry.cond:
            joined.pop()
        joined.append(type(entry)(step, entry.cond))
    return joined


def prompt_remarks(p: Processing, prepared: PreparedMethod) -> tuple[str, ...]:
    """What the user should know about where in the prompt the person is put in."""
    if prepared.conditioning is None:
        return ()
    prompts = getattr(p, "all_prompts", None) or [p.prompt]
    remark = prepared.conditioning.remark([str(prompts[0])])
    return (remark,) if remark else ()
