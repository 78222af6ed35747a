"""What the webui loads: registers facechain_ext.hosts.webui, or a script that shows why it cannot be loaded."""

import logging

try:
    from facechain_ext.hosts.webui.script import FaceChainScript, register

    register()
except Exception as error:  # whatever fails here, the webui starts
    logging.getLogger("facechain_ext").exception("FaceChain could not be loaded")
    from facechain_ext.hosts.webui.fallback_script import fallback_script

    FaceChainScript = fallback_script(error)

__all__ = ["FaceChainScript"]
