"""The quality studio: two diffusions of each face with colour shifts between, and a third pass over the seams."""
