"""Command-line flags that the webui reads before it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def preload(parser: argparse.ArgumentParser) -> None:
    """Add our flags to the webui's command line."""
    parser.add_argument(
        "--facechain-models-dir",
        type=str,
        default=None,
        help="Folder for FaceChain's models (default: models/FaceChain)",
    )
    parser.add_argument(
        "--facechain-administrator",
        type=str,
        default=None,
        metavar="LOGIN",
        help="Login (of --gradio-auth or --api-auth) that sees and changes everybody's FaceChain cards and jobs",
    )
