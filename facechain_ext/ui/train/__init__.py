"""The Train page: a style from a few pictures. Its ``layout`` needs gradio, the package does not."""
