"""``python -m research style-pictures [KEY ...] [--sheet FILE]``: what the laboratory can make."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from research.style_pictures.run import contact_sheet, write_all


def main(arguments: list[str]) -> int:
    """Do what is asked for; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m research")
    commands = parser.add_subparsers(dest="command", required=True)
    pictures = commands.add_parser("style-pictures", help="paint the pictures of the styles")
    pictures.add_argument("keys", nargs="*", help="only these styles")
    pictures.add_argument("--sheet", type=Path, help="also write a sheet of them to this file")
    asked = parser.parse_args(arguments)
    paths, size = write_all(asked.keys)
    print(f"{len(paths)} pictures, {size / 1e6:.2f} MB")
    if asked.sheet is not None:
        contact_sheet(paths).save(asked.sheet)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
