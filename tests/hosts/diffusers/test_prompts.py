"""The webui's prompt syntax: what is done, and what is said not to be."""

from __future__ import annotations

import pytest
import torch

from facechain_ext.errors import HostError, InputError
from facechain_ext.hosts.diffusers.sampling.prompts import check_syntax, encode, parse_weights, split_networks


@pytest.mark.parametrize(
    "prompt",
    ["a (woman:1.2) in [a garden], 10:30, ratio 1:2", "sand and band, BRAND", r"\[a:b:0.5\]", "[12:30 clock]", "a|b"],
)
def test_plain_words_and_emphasis_pass(prompt):
    check_syntax(prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "[a:b:0.5]",
        "x [cat:dog:10] y",
        "[cat:5]",
        "[cat::0.3]",
        "[a|b]",
        "[(a:1.2)|b|]",
        "[a [b:c:.5] d]",
        "[a:b: 0.5 ]",
    ],
)
@pytest.mark.parametrize("negative", [False, True])
def test_words_that_change_from_step_to_step_are_refused_by_name(prompt, negative):
    with pytest.raises(HostError, match=r"^\[.*webui"):
        check_syntax(prompt, negative=negative)


def test_and_composes_in_the_prompt_alone():
    with pytest.raises(HostError, match="AND"):
        check_syntax("a cat AND a dog")
    check_syntax("a cat AND a dog", negative=True)  # just words there in the webui, too


@pytest.mark.parametrize("prompt", ["(a:.)", "(a:1.2.3)", "(a:+.)"])
def test_a_weight_that_is_no_number_is_one_sentence(prompt):
    with pytest.raises(InputError, match="weight"):
        parse_weights(prompt)


@pytest.mark.parametrize(
    ("prompt", "words", "networks"),
    [
        ("a cat", "a cat", ()),
        ("a cat <lora:x:1>", "a cat", (("x", 1.0),)),
        ("<lora:my style>a <lora:b:-0.5> cat", "a cat", (("my style", 1.0), ("b", -0.5))),
        ("3 < 4 > 2", "3 < 4 > 2", ()),
    ],
)
def test_lora_tags_are_taken_out_of_the_prompt(prompt, words, networks):
    assert split_networks(prompt) == (words, networks)


@pytest.mark.parametrize(
    ("prompt", "error"),
    [
        ("<hypernet:x:1>", HostError),
        ("<lora:x:one>", InputError),
        ("<lora:x:1:0.5>", InputError),
        ("<lora:x:te=1>", InputError),
        ("<lora:x:1e999>", InputError),
    ],
)
def test_tags_of_unsupported_networks_are_named(prompt, error):
    with pytest.raises(error) as caught:
        split_networks(prompt)
    assert prompt in str(caught.value)


@pytest.mark.parametrize("weight", ["1" + "0" * 41, "9" * 400])
def test_weights_without_end_are_one_sentence(host, weight):
    with pytest.raises(HostError, match="finite"):
        encode(f"(a:{weight})", host.checkpoint.tokenizer, host.checkpoint.text_encoder)


def test_break_begins_a_chunk_and_surrogates_are_words(host):
    tokenizer, model = host.checkpoint.tokenizer, host.checkpoint.text_encoder
    assert encode("a BREAK b", tokenizer, model).shape[1] == 154
    assert torch.isfinite(encode("me\udcff", tokenizer, model)).all()
