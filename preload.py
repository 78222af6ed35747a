"""Command-line flags that the webui reads before it starts."""

from __future__ import annotations

import argparse  # noqa: TC003 - the host calls this with one


def preload(parser: argparse.ArgumentParser) -> None:
    """Add our flag."""
    parser.add_argument(
        "--facechain-models-dir",
        type=str,
        default=None,
        help="Folder for FaceChain's models (default: models/FaceChain)",
    )
