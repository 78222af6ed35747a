"""The laboratory: what makes the project's own pictures. Nothing in facechain_ext imports it."""
