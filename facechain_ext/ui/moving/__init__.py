"""The moving portrait on the page: a picture that speaks, and a person put into a clip."""
