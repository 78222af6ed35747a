"""What a training of a style is asked for, reads and tells: all that a page needs of it, without what trains."""
