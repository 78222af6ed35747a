"""The page ``docs/using/models.md``, written from the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.weights.manifest import GROUPS, format_megabytes, manifest

if TYPE_CHECKING:
    from facechain_ext.weights.manifest import Entry, Source

_INTRODUCTION = """\
# Models

This page is written from `models/manifest.toml` by `facechain weights page docs/using/models.md`; change the manifest,
not the page.

Nothing is downloaded before you ask for it. `facechain weights pull portrait` fetches what a portrait needs in the
webui; the Models part of the tab does the same with a button. Files go to the webui's `models/FaceChain`
(`--facechain-models-dir` changes that), or, without a webui, to `$FACECHAIN_MODELS_DIR` or the user's data folder;
`facechain weights where` prints the place.

- **Which hub.** The sources of a file are tried in the order below. `FACECHAIN_HUB=modelscope` or
  `FACECHAIN_HUB=huggingface` puts one first. Mirrors: `MODELSCOPE_ENDPOINT`, `HF_ENDPOINT`. Logins: `HF_TOKEN` (or the
  login of huggingface_hub), `MODELSCOPE_API_TOKEN`. A proxy: `HTTPS_PROXY`.
- **One client.** Both hubs are read by the same small client of ours, so that resuming, progress, stopping and checks
  are the same everywhere and nothing is kept twice in a cache; a login made with huggingface_hub is used.
- **By hand.** Without a network, put the file under its original name into the models folder; it is found there.
- **Safety.** Files written by `torch.save` are read by an interpreter that can only build tensors and are kept as
  safetensors. Where a library wants the original file, it is read that way once before it gets its name.
- **Changes.** The digest of every downloaded file is remembered in `facechain.lock.json`; `facechain weights verify`
  compares.
- **Licences.** Stated where the publisher states them on the page of the file, otherwise "unknown": then ask the
  publisher, above all before commercial use.

What is not tested: no hub could be reached while this was written, so the sources and revisions are those of the
published program and of the hubs' public pages, and the client was tested against a local server that speaks both
hubs' routes. Sizes are about what the pages say; empty where nobody says.
"""

_OPTIONAL_PACKAGES = """\
## Optional packages

None is needed for portraits in the webui, and none is installed into it. Each extra of `pyproject.toml` was tried once
by hand in an environment of its own (Python 3.11, Linux, torch 2.13):

- `.[insightface]` (insightface 2.1, onnxruntime 1.32): works, from wheels alone, without the compiler that older
  versions needed. `FaceAnalysis` imports; insightface's SCRFD class and ours find the same six faces with the same
  scores. It also installs opencv-python over the host's opencv, so keep it out of the webui's environment. Its weights
  are for non-commercial research.
- `.[standalone]`: works; `facechain doctor` answers.
- `.[training]`: its modules import only together with the command line's packages, so the extra now brings those too.
- `facenet-pytorch` (2.6.0, for MTCNN and FaceNet) asks for torch below 2.3 but runs with 2.14: `pip install --no-deps`.
- `.[modelscope]` (modelscope 1.40.2): works; its RetinaFace pipeline runs on a folder made by hand. It wants a
  torchvision that fits torch.
- DamoFD through modelscope: does not work; mmcv-full 1.x has no wheel for this Python, and has to be compiled. An ONNX
  export of it works as any SCRFD file does.
- Face fusion and skin retouching through modelscope: not part of the package. They execute Python from their
  repository, so they run only after you agree to it by name.
"""


def models_page() -> str:
    """The text of the page, in Markdown."""
    parts = [_INTRODUCTION]
    for group, title in GROUPS.items():
        entries = [entry for entry in manifest().values() if entry.group == group]
        if entries:
            parts.append("\n".join([f"## {title}", "", *_table(entries), ""]))
    return "\n".join([*parts, _OPTIONAL_PACKAGES])


def _table(entries: list[Entry]) -> list[str]:
    lines = ["| Key | What for | From | Licence | Commercial use | Size |", "|---|---|---|---|---|---|"]
    for entry in entries:
        what = f"**{entry.title}.** {entry.purpose}" + (f" {entry.note}" if entry.note else "")
        sources = "<br>".join(_source(source) for source in entry.sources)
        cells = [f"`{entry.key}`", what, sources, entry.licence, entry.commercial, format_megabytes(entry.megabytes)]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return lines


def _source(source: Source) -> str:
    if source.hub == "web":
        return f"[{source.name}]({source.url})"
    base = "https://www.modelscope.cn/models" if source.hub == "modelscope" else "https://huggingface.co"
    name = "ModelScope" if source.hub == "modelscope" else "Hugging Face"
    inside = f" `{source.path}`" if source.path else ""
    return f"{name} [{source.repository}]({base}/{source.repository}) {source.revision}{inside}"
