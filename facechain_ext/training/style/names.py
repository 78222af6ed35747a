"""What a trained style may be called, told before the work; importing this loads no trainer's packages."""

from __future__ import annotations

from facechain_ext.errors import HostError
from facechain_ext.styles import catalogue, key_of, own_styles


def check_style_name(name: str) -> None:
    """Raise HostError when the style could not be added to the user's own after the training."""
    key = key_of(name.strip())
    own = own_styles()[0]
    if key in catalogue() and key not in own:
        raise HostError(f"{key!r} is the name of one of the built-in styles; choose another name.")
    if key in own and not has_style(key):
        raise HostError(f"You have a style called {key!r} already; choose another name, or delete that style first.")


def has_style(key: str) -> bool:
    """Whether the user has the style of this training's LoRA, as one that is extended finds it; it is left as it is."""
    style = own_styles()[0].get(key)
    return style is not None and style.lora is not None and style.lora.file == f"{key}.safetensors"
