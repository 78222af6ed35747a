"""Command-line flags that the webui reads before it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def preload(parser: argparse.ArgumentParser) -> None:
    """Add ``--facechain-models-dir`` to the webui's command line."""
    parser.add_argument(
        "--facechain-models-dir",
        type=str,
        default=None,
        help="Folder for FaceChain's models (default: models/FaceChain)",
    )
