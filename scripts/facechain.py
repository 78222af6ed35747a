"""The webui's door: registers what facechain_ext.webui offers."""

from facechain_ext.webui.script import FaceChainScript, register

__all__ = ["FaceChainScript"]

register()
