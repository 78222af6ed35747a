"""Runs inside a real webui's Python, in its folder: builds its page without a server and lets our tab's Host work.

``python inside_host.py SCENARIO RESULT.json``: what the scenario of ``inside_scenarios.py`` gives is written as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from pathlib import Path

import hosts
import inside_scenarios


def main(scenario: str, result: Path) -> None:
    """Start the host as its launcher does, without the server, and write what the scenario gives."""
    program = hosts.kind_of(Path.cwd())
    forge_line = program != "webui"
    own = os.environ.get("WEBUI_FLAGS", "").split()
    checks = [] if program in ("forge", "neo") else ["--disable-nan-check"]
    sys.argv = ["launch.py", *hosts.flags_of(program), *checks, *own]
    sys.path.insert(0, str(Path.cwd()))
    import webui  # which initializes itself in the whole Forge line

    if not forge_line:
        webui.initialize.initialize()
    from modules import script_callbacks, shared, ui

    script_callbacks.before_ui_callback()
    shared.demo = ui.create_ui()

    def work() -> None:
        try:
            answer = getattr(inside_scenarios, scenario)()
        except BaseException:  # noqa: BLE001 - written for the test
            answer = {"error": traceback.format_exc()}
        result.write_text(json.dumps(answer), encoding="utf-8")
        sys.stdout.flush()
        os._exit(0)

    threading.Thread(target=work).start()
    if forge_line:
        from modules_forge import main_thread

        main_thread.loop()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).resolve())
