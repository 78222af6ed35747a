"""FaceChain in AUTOMATIC1111's webui, Forge and reForge: glue only, the maths is elsewhere.

Importing this loads nothing but the host's own modules; models wait until a generation needs them.
"""
