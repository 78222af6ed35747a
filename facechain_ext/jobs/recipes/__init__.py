"""What can be ordered: a module for each recipe, with what its requests say, how they are read, and their work."""
