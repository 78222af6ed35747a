"""Training of a style: a LoRA from 5 to 50 pictures."""

from __future__ import annotations

STATE = "style-state.safetensors"
"""What a training keeps in its folder to go on with; here, a page can look for it without the trainer's packages."""
