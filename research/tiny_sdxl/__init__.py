"""A random checkpoint of SDXL's topology as small as can be, with a PhotoMaker file of its widths, for tests in hosts.

Nothing in it is trained: it shows that files of the real layout load and act, not what real weights make.
"""

from __future__ import annotations

from research.tiny_sdxl.models import TinySdxl, TinySizes, make_tiny_sdxl
from research.tiny_sdxl.webui import install_into

__all__ = ["TinySdxl", "TinySizes", "install_into", "make_tiny_sdxl"]
