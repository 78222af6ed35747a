"""The Portrait page: who, how, result. Its ``layout`` needs gradio, the package does not."""
