"""Photos of a person as training pictures: who is meant, which are kept, how they are cut."""
