"""Detectors: one module per provider, one Protocol (faces.types.Detector)."""
