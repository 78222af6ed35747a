"""Training of a style: a LoRA from 5 to 50 pictures."""
