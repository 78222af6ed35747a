"""Ask a webui that runs with --api for portraits, with nothing but Python: python examples/call_the_webui.py me.jpg."""

from __future__ import annotations

import argparse
import base64
import json
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen


def post(url: str, body: dict[str, Any], login: str = "") -> dict[str, Any]:
    """The answer of a route to a body of JSON; ``login`` is the ``user:password`` of --api-auth."""
    headers = {"Content-Type": "application/json"}
    if login:
        headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
    request = Request(url, json.dumps(body).encode(), headers)
    with urlopen(request) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def main(arguments: list[str] | None = None) -> list[Path]:
    """Write the pictures and print their paths and what was doubtful."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--webui", default="http://127.0.0.1:7860")
    parser.add_argument("--login", default="", help="user:password of --api-auth")
    parser.add_argument("--prompt", default="a portrait of a woman in a garden")
    parser.add_argument("--strength", type=float, default=0.5)
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--out", type=Path, default=Path("outputs"))
    given = parser.parse_args(arguments)

    photo = base64.b64encode(given.photo.read_bytes()).decode()
    # strict: a request that cannot be done as asked is answered with 422 and the reasons, instead of without the face
    face = {"photos": [photo], "strength": given.strength, "strict": True}
    body = {"prompt": given.prompt, "steps": given.steps, "alwayson_scripts": {"FaceChain": {"args": [face]}}}
    try:
        answer = post(f"{given.webui}/sdapi/v1/txt2img", body, given.login)
    except HTTPError as error:
        raise SystemExit(f"The webui refused: {error.code} {error.read().decode(errors='replace')}") from error
    for note in json.loads(answer["info"])["extra_generation_params"].get("FaceChain notes", ()):
        print(note)
    given.out.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, picture in enumerate(answer["images"], 1):
        paths.append(given.out / f"{given.photo.stem}-{number}.png")
        paths[-1].write_bytes(base64.b64decode(picture))
        print(paths[-1])
    return paths


if __name__ == "__main__":
    main()
