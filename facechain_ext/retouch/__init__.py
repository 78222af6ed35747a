"""Pixels of faces: blending, skin, restoring."""
