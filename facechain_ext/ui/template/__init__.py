"""The page "Picture in": people in the faces of a given picture. Its ``layout`` needs gradio, the package does not."""
