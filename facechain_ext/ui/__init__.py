"""The page: one tree of gradio components for the webui's tab and for the page without a webui.

It runs under gradio 3.41 (AUTOMATIC1111's webui) and 4.40 (Forge).
"""
