"""Files of the right names and shapes, and of wrong contents."""

from __future__ import annotations

import pytest
import torch

from facechain_ext.errors import WeightsError
from facechain_ext.weights.state_dict_spec import check_values


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.float8_e4m3fn])
def test_finite_numbers_of_every_precision_pass(dtype):
    counters = {"norm.num_batches_tracked": torch.tensor(7), "embeddings.position_ids": torch.arange(3)}
    check_values({"a": torch.tensor([1.0, -2.0]).to(dtype), "b": torch.zeros(0), **counters}, what="a VAE", source="f")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_one_number_that_is_not_finite_is_found(value, dtype):
    numbers = torch.zeros(1000, dtype=dtype)
    numbers[777] = value
    with pytest.raises(WeightsError, match=r"^f\.pt is damaged: conv\.weight is in part not a number, or not finite"):
        check_values({"good": torch.zeros(2), "conv.weight": numbers}, what="a VAE", source="f.pt")


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.int64, torch.bool, torch.complex64])
def test_whole_numbers_are_no_weights(dtype):
    with pytest.raises(WeightsError, match="Choose a file in float16 or float32"):
        check_values({"conv.weight": torch.zeros(3, dtype=dtype)}, what="a VAE", source="f.pt")
