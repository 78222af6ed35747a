"""The webui's door: registers what facechain_ext.hosts.webui offers, or shows in its place why it cannot."""

try:
    from facechain_ext.hosts.webui.script import FaceChainScript, register

    register()
except Exception as error:  # noqa: BLE001 - whatever is wrong with us, the webui starts
    from facechain_ext.hosts.webui.failed import script_that_says

    FaceChainScript = script_that_says(error)

__all__ = ["FaceChainScript"]
