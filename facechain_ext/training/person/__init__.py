"""Training of a person from 1 to 20 photos: preparation, learning, validation, the average of the best, the card."""
