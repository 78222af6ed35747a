"""A clip as a template: one person's face is replaced in every frame, followed from frame to frame."""
