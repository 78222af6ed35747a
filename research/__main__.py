"""``python -m research style-pictures [KEY ...] [--sheet FILE] | held-out-people [--tries N]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from research.held_out_people import write_held_out_people
from research.style_pictures.run import contact_sheet, write_all


def main(arguments: list[str]) -> int:
    """Do what is asked for; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m research")
    commands = parser.add_subparsers(dest="command", required=True)
    pictures = commands.add_parser("style-pictures", help="paint the pictures of the styles")
    pictures.add_argument("keys", nargs="*", help="only these styles")
    pictures.add_argument("--sheet", type=Path, help="also write a sheet of them to this file")
    people = commands.add_parser("held-out-people", help="draw the sheet of ten people whom no model has seen")
    people.add_argument("--tries", type=int, default=1, help="portraits of which the most like is shown")
    asked = parser.parse_args(arguments)
    if asked.command == "held-out-people":
        print(write_held_out_people(asked.tries))
        return 0
    paths, size = write_all(asked.keys)
    print(f"{len(paths)} pictures, {size / 1e6:.2f} MB")
    if asked.sheet is not None:
        contact_sheet(paths).save(asked.sheet)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
