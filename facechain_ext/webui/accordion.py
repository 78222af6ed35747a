"""The accordion in txt2img and img2img: components from the table, and reading them back."""

from __future__ import annotations

import html
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.errors import FaceChainError
from facechain_ext.page.boxes import BoxFields, boxes_html
from facechain_ext.portrait.arguments import (
    AUTOMATIC,
    IDENTITY_LABEL,
    TABLE,
    Argument,
    FaceArguments,
    argument,
)
from facechain_ext.portrait.told import identities_in
from facechain_ext.webui import card_row, models
from facechain_ext.webui.people import uploaded
from facechain_ext.weights import require

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

log = logging.getLogger(__name__)

_WINDOW = ("window_start", "window_end")
_EXAMPLES = {"people": "Anna: 0.5, 0, 1, 1", "box": "0, 0, 0.5, 1"}
COMPONENTS: tuple[str, ...] = tuple(
    name for line in TABLE for name in (_WINDOW if line.name == "window" else (line.name,))
)
"""Names of the components in the order in which the host hands their values back."""


@dataclass(frozen=True)
class Accordion:
    """What was built: components in the order of COMPONENTS, and which infotext restores which of them."""

    components: list[Any]
    infotext_fields: list[tuple[Any, Any]]
    paste_field_names: list[str]


def build(elem_id: Callable[[str], str], *, is_img2img: bool) -> Accordion:
    """Build the accordion; reads only the names of files, no model."""
    from modules.ui_components import InputAccordion, ToolButton

    with InputAccordion(value=False, label="FaceChain", elem_id=elem_id("enabled")) as enabled:
        made: dict[str, Any] = {"enabled": enabled}
        with gr.Row():
            with gr.Column():
                line = argument("photos")
                made["photos"] = gr.File(
                    label=line.label, file_count="multiple", file_types=["image"], elem_id=elem_id("photos")
                )
                with gr.Row():
                    # pasted names may be newer than the list: allow_custom_value shows them all the same
                    made["card"] = gr.Dropdown(
                        _cards(), value="", label="Card", allow_custom_value=True, elem_id=elem_id("card")
                    )
                    refresh = ToolButton(value="\U0001f504", elem_id=elem_id("refresh"))
                made["face"] = _slider("face", elem_id)
                preview = gr.Button("Preview face", elem_id=elem_id("preview"))
            with gr.Column():
                made["adapter"] = gr.Dropdown(
                    models.adapter_names(),
                    value=AUTOMATIC,
                    label="Adapter",
                    allow_custom_value=True,
                    elem_id=elem_id("adapter"),
                )
                made["strength"] = _slider("strength", elem_id)
                with gr.Row():
                    made["window_start"] = _slider("window", elem_id, "start", 0.0)
                    made["window_end"] = _slider("window", elem_id, "end", 1.0)
                hires = argument("hires")
                made["hires"] = gr.Checkbox(
                    hires.default, label=hires.label, visible=not is_img2img, elem_id=elem_id("hires")
                )
        with gr.Accordion("Several people", open=False, elem_id=elem_id("several")):
            for name, lines in (("people", 3), ("box", 1)):
                line = argument(name)
                made[name] = gr.Textbox(
                    "",
                    label=line.label,
                    info=line.help,
                    lines=lines,
                    elem_id=elem_id(name),
                    placeholder=_EXAMPLES[name],
                )
            boxes = _boxes(elem_id, "img2img" if is_img2img else "txt2img")
        seen = gr.Gallery(
            label="What the encoder sees",
            show_label=False,
            columns=6,
            height=150,
            visible=False,
            elem_id=elem_id("seen"),
        )
        # apart from the notes: which identity a pasted picture wants stays there, to be compared
        previewed = gr.HTML("", elem_id=elem_id("previewed"))
        notes = gr.HTML(_missing(), elem_id=elem_id("notes"))
        card_row.build(elem_id, photos=made["photos"], face=made["face"], card=made["card"], notes=notes)
        preview.click(_preview, [made["photos"], made["card"], made["face"]], [seen, previewed]).then(
            _show_faces, [seen], [seen]
        )
        made["photos"].change(_no_preview, [], [seen, previewed], show_progress="hidden")
        refresh.click(_refresh, [made["card"], made["adapter"]], [made["card"], made["adapter"]])
        for seen_anew in (refresh.click, made["card"].change):  # a card that is saved is chosen at once
            seen_anew(lambda: boxes.drawn(_cards()[1:]), [], [boxes.frame], show_progress="hidden")
    for name, component in made.items():
        component.webui_tooltip = _line(name).help  # what the host shows when the mouse rests on it
    fields: list[tuple[Any, Any]] = [(enabled, _was_enabled), (made["card"], _card), (notes, _wanted_photo)]
    for name in COMPONENTS:
        written = _line(name).infotext
        if written is not None:
            fields.append((made[name], _reader(name)))
    labels = [line.infotext for line in TABLE if line.infotext]
    return Accordion([made[name] for name in COMPONENTS], fields, [IDENTITY_LABEL, *labels])


@dataclass(frozen=True)
class _Boxes:
    """The frame for several people's boxes, and what it belongs to."""

    frame: Any
    fields: BoxFields

    def drawn(self, cards: Sequence[str]) -> str:
        """The frame anew, for the cards that there are now."""
        return boxes_html(self.fields, cards)


def _boxes(elem_id: Callable[[str], str], tab: str) -> _Boxes:
    fields = BoxFields(elem_id("people"), elem_id("box"), f"{tab}_width", f"{tab}_height")
    return _Boxes(gr.HTML(boxes_html(fields, _cards()[1:]), elem_id=elem_id("boxes")), fields)


def read(args: Sequence[Any]) -> FaceArguments:
    """The settings out of what the host hands over: the components' values, or first a dictionary from the API.

    Raises HostError that names a setting that is unknown or outside its range.
    """
    asked = args[0] if args and isinstance(args[0], dict) else None
    if asked is None:
        return FaceArguments.parse(_page_values(args))
    if len(args) != len(COMPONENTS):
        return FaceArguments.parse(asked)
    restored = _page_values((True, *args[1:]))  # defaults, or what a request's infotext has set
    return FaceArguments.parse(restored | {name: value for name, value in asked.items() if value is not None})


def _page_values(args: Sequence[Any]) -> dict[str, Any]:
    """The components' values as ``FaceArguments.parse`` takes them; None stands for the default."""
    values = dict(zip(COMPONENTS, args, strict=True))
    window = [values.pop(name) for name in _WINDOW]
    values["window"] = sorted(window) if None not in window else None
    files = values["photos"] if isinstance(values["photos"], list) else []
    return values | {"enabled": bool(values["enabled"]), "photos": [uploaded(file) for file in files]}


def _line(name: str) -> Argument:
    """The line of the table that the component called ``name`` belongs to."""
    return argument("window" if name in _WINDOW else name)


def _slider(name: str, elem_id: Callable[[str], str], part: str = "", value: float | None = None) -> Any:
    line: Argument = argument(name)
    label = f"{line.label} {part}" if part else line.label
    start = line.default if value is None else value
    low, high, step = (int(n) if line.step == 1 else n for n in (line.low, min(line.high, 20), line.step))
    return gr.Slider(low, high, start, step=step, label=label, elem_id=elem_id(f"{name}_{part}" if part else name))


def _cards() -> list[str]:
    from facechain_ext.identity.library import CardLibrary

    return ["", *CardLibrary().names()]


def _refresh(card: str, adapter: str) -> tuple[Any, Any]:
    cards, adapters = _cards(), models.adapter_names()
    return (
        gr.update(choices=cards, value=card if card in cards else ""),
        gr.update(choices=adapters, value=adapter if adapter in adapters else AUTOMATIC),
    )


def _preview(photos: Any, card: str, face: float) -> tuple[list[Any], str]:
    """The aligned faces, and what is doubtful about the photos in words."""
    from facechain_ext.webui.people import find_person

    try:
        chosen = FaceArguments(photos=tuple(uploaded(file) for file in photos or ()), card=card or "", face=int(face))
        identity = find_person(chosen)
    except FaceChainError as error:
        return [], _note(str(error))
    return list(identity.aligned), _note(*(identity.notes or (f"The photo is fine. Identity {identity.digest}.",)))


def _show_faces(faces: Any) -> Any:
    """The gallery takes room only when there is something in it."""
    return gr.update(visible=bool(faces))


def _no_preview() -> tuple[Any, str]:
    """Nothing, instead of the faces of photos that are not chosen any more and what was said of them."""
    return gr.update(value=[], visible=False), ""


def _note(*sentences: str) -> str:
    return "".join(f"<p class='facechain-note'>{html.escape(sentence)}</p>" for sentence in sentences)


def _missing() -> str:
    """Which weights have to be fetched before a face can be used, and how; nothing when all are there."""
    try:
        models.chosen_adapter(AUTOMATIC)
        require("transface")
    except FaceChainError as error:
        return _note(str(error))
    return ""


def _reader(name: str) -> Callable[[Mapping[str, Any]], Any]:
    """What pasted infotext sets a component to; None leaves it as it is."""

    def from_infotext(written: Mapping[str, Any]) -> Any:
        try:
            found = FaceArguments.from_infotext(written)
        except ValueError:
            log.warning("a FaceChain setting in the pasted text cannot be read and is left out")
            return None
        if name in _WINDOW:
            window = found.get("window")
            return None if window is None else window[_WINDOW.index(name)]
        return found.get(name)

    return from_infotext


def _was_enabled(written: Mapping[str, Any]) -> bool | None:
    """Pasting a picture with a face switches it on, pasting one without leaves it."""
    return True if IDENTITY_LABEL in written else None


def _card(written: Mapping[str, Any]) -> str | None:
    """The card of a pasted identity, by its name; a photo cannot be had back from text."""
    name = _person(written)[0]
    return name if name and name in _cards() else None


def _wanted_photo(written: Mapping[str, Any]) -> str | None:
    """Which photos a pasted picture needs, when no card brings them."""
    name, digest = _person(written)
    if not digest or _card(written) is not None:
        return None
    who = f"{name}, identity {digest}" if name else f"identity {digest}"
    return _note(f"This picture shows {who}. Add the same photos; the preview says which identity they give.")


def _person(written: Mapping[str, Any]) -> tuple[str, str]:
    """Name and short hash of the first identity in a picture's settings; empty where there is none."""
    return next(iter(identities_in(written)), ("", ""))
