"""``python -m facechain_ext`` and the command ``facechain``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; ends with exit code 0, or one line on stderr and another code."""
    try:
        from facechain_ext.cli.main import run  # noqa: PLC0415 - needs what the host need not have
    except ModuleNotFoundError as error:
        sys.exit(
            f"The command line needs {error.name}, which is not installed: pip install 'facechain-ext[standalone]'"
        )
    run()


if __name__ == "__main__":
    main()
