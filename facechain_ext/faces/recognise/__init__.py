"""Recognition networks for likeness: one module per provider, one Protocol (faces.types.Recogniser)."""
