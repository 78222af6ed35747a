"""The LoRA that comes with PhotoMaker, under the names that a webui reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from facechain_ext.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

_PUBLISHED = re.compile(
    r"^unet\.(?P<block>.+\.attn[12])\.processor\.to_(?P<part>q|k|v|out)_lora\.(?P<side>down|up)\.weight$"
)
"""diffusers' former names: unet.<block>.attn1.processor.to_q_lora.down.weight."""


def kohya_lora(state: Mapping[str, Tensor], *, source: str) -> dict[str, Tensor]:
    """The same tensors as lora_unet_<block with underscores>_to_q.lora_down.weight, which every webui reads.

    There is no alpha, so the scale is 1 (published). Raises WeightsError that names ``source`` and the first key that
    is none of such a LoRA.
    """
    renamed: dict[str, Tensor] = {}
    for key, value in state.items():
        match = _PUBLISHED.match(key)
        if match is None:
            raise WeightsError(
                f"{source} holds a LoRA of another layout: the key {key} is not known. Download it again."
            )
        part = "out_0" if match["part"] == "out" else match["part"]
        block = match["block"].replace(".", "_")
        renamed[f"lora_unet_{block}_to_{part}.lora_{match['side']}.weight"] = value
    return renamed
