"""The People page: the library of cards. Its ``layout`` needs gradio, the package does not."""
