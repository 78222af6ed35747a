"""The person in a prompt's embeddings: what a host asks while it encodes a prompt, and when in the steps it applies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from facechain_ext.errors import InputError
from facechain_ext.methods.photomaker.class_word import ClassToken, find_class_word, tokenize_with_person

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from facechain_ext.methods.photomaker.class_word import Tokenize
    from facechain_ext.methods.photomaker.model import PhotoMaker

PUBLISHED_STRENGTH = 0.5
"""The strength at which a person is put in as published: the middle that FACT's published strength has too."""


@dataclass(frozen=True, eq=False)
class PersonConditioning:
    """One person for the prompts of one generation.

    ``id_embeds`` [k, width] are the stacked ID embeddings with their ``weights`` [k] in 0..1, ``amount`` how much of
    the change they make is taken (1 as published), ``start`` the published style strength as a fraction of the steps,
    ``end`` the fraction after which the words alone go on, ``instead`` a class word that takes the prompt's place.
    """

    model: PhotoMaker
    id_embeds: Tensor
    weights: Tensor
    amount: float
    start: float
    end: float = 1.0
    instead: str = ""

    @property
    def copies(self) -> int:
        """How often the class word stands in the prompt."""
        return len(self.id_embeds)

    def tokenize(self, tokenize: Tokenize, fragments: Sequence[str]) -> list[list[int]]:
        """Token ids of a prompt's fragments with the class word repeated; the copies are ClassTokens."""
        return tokenize_with_person(tokenize, fragments, self.copies, instead=self.instead)

    def tokenize_words(self, tokenize: Tokenize, fragments: Sequence[str]) -> list[list[int]]:
        """Token ids of the words alone: without the trigger, the class word once."""
        return tokenize_with_person(tokenize, fragments, 0, instead=self.instead)

    def is_marked(self, token: int) -> bool:
        """Whether a token id is a copy of the class word."""
        return isinstance(token, ClassToken)

    def remark(self, fragments: Sequence[str]) -> str:
        """A sentence for the user about where in the prompt the person is put in; empty where that is as published.

        Raises InputError for a prompt without any word for a person.
        """
        found, sentence = find_class_word(fragments)
        if found is None:
            raise InputError(sentence)
        return sentence

    @torch.no_grad()
    def fuse(self, weighted: Tensor, plain: Tensor, copies: Tensor) -> Tensor:
        """``weighted`` [b, t, width] with the person in the rows that ``copies`` bool [b, t] marks; others unchanged.

        ``plain`` are the embeddings before the words' weights were applied; a weight on the class word scales what is
        put in there. A prompt without copies stays as it is.
        """
        out = weighted.clone()
        device, dtype = self.model.fuse_module.layer_norm.weight.device, self.model.fuse_module.layer_norm.weight.dtype
        for row, marks in enumerate(copies):
            count = int(marks.sum())
            if not count:
                continue
            words = plain[row, marks].to(device, dtype)
            embeds = self.id_embeds.to(device, dtype)[torch.arange(count) % self.copies]
            shares = self.weights.to(device, dtype)[torch.arange(count) % self.copies, None]
            fused = words + self.amount * shares * (self.model.fuse_module(words, embeds) - words)
            out[row, marks] = (fused.to(weighted) * self._emphasis(weighted[row, marks], plain[row, marks])).to(out)
        return out

    def _emphasis(self, weighted: Tensor, plain: Tensor) -> Tensor:
        """The factor between the two in each text encoder's part of the width; exactly 1 where nothing is weighted."""
        factors = torch.ones_like(weighted)
        first = 0
        for width in self.model.sizes.text:
            part = slice(first, first + width)
            first += width
            a, b = weighted[:, part].float(), plain[:, part].to(weighted.device).float()
            if not torch.equal(a, b):
                factors[:, part] = ((a * b).sum(-1, keepdim=True) / (b * b).sum(-1, keepdim=True)).to(factors)
        return factors

    def acts_in(self, step: int, steps: int) -> bool:
        """Whether the person is in the prompt in ``step`` of ``steps``: after int(start * steps), as published."""
        return int(self.start * steps) < step and (self.end >= 1.0 or step < self.end * steps)
