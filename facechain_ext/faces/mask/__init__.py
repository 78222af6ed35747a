"""Head maskers: one module per provider, one Protocol (faces.types.HeadMasker)."""
