"""How well a LoRA of a rendered person is recognised: alone, beside FACT, and its average against its best step."""
