"""The own style that a training adds, checked before the training starts.

Importing this loads no trainer's packages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.errors import InputError
from facechain_ext.styles import check_new_style, key_of, own_styles
from facechain_ext.styles.style import parse_style

if TYPE_CHECKING:
    from facechain_ext.styles import Style


def style_entry(name: str, trigger: str) -> Style:
    """The user's style of the LoRA; raises StyleError when name or trigger cannot be one's."""
    key = key_of(name)
    # no words of its own: the trigger stands for what was learned, and the page says who is in the picture
    raw = {"en": name, "zh": name, "subject": "anyone", "tags": ["own"], "prompt": "", "negative": ""}
    lora = {"file": f"{key}.safetensors", "weight": 0.8, "trigger": trigger}
    return parse_style(key, raw | {"adapter": "majic", "strength": 0.5, "lora": lora}, "own")


def check_entry(name: str, trigger: str) -> None:
    """Raise StyleError or InputError when the style could not be added to the user's own after the training."""
    if not trigger.strip():
        raise InputError("A style needs a trigger word; write one.")
    check_new_style(name)
    key = style_entry(name, trigger).key
    if key in own_styles()[0] and not has_style(key):
        raise InputError(f"You have a style called {key!r} already; choose another name, or delete that style first.")


def has_style(key: str) -> bool:
    """Whether the user has the style of this training's LoRA, as one that is extended finds it; it is left as it is."""
    style = own_styles()[0].get(key)
    return style is not None and style.lora is not None and style.lora.file == f"{key}.safetensors"
