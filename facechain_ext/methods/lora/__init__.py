"""A person by a LoRA that was learned from photos, alone or together with FACT."""
