"""The accordion in txt2img and img2img: components from the table, and reading them back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.hosts.webui import card_row, models, pasting, preview
from facechain_ext.hosts.webui.echo import make_repeatable
from facechain_ext.hosts.webui.people import uploaded
from facechain_ext.methods.fact.files import AUTOMATIC, adapter_names
from facechain_ext.recipes.arguments import IDENTITY_LABEL, FaceArguments, argument, own_settings, settings_table
from facechain_ext.ui import requirements_panel
from facechain_ext.ui.boxes import BoxFields, boxes_html

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facechain_ext.methods.setting import Setting

_WINDOW = ("window_start", "window_end")
_EXAMPLES = {"people": "Anna: 0.5, 0, 1, 1", "box": "0, 0, 0.5, 1"}


def component_names() -> tuple[str, ...]:
    """Names of the components in the order in which the host hands their values back."""
    rows = (row for row in settings_table() if row.on_page)
    return tuple(name for row in rows for name in (_WINDOW if row.name == "window" else (row.name,)))


@dataclass(frozen=True)
class Accordion:
    """What was built: components in the order of component_names, and which infotext restores which of them."""

    components: list[Any]
    infotext_fields: list[tuple[Any, Any]]
    paste_field_names: list[str]


def build(elem_id: Callable[[str], str], *, is_img2img: bool) -> Accordion:
    """Build the accordion; reads only the names of files, no model."""
    from modules.ui_components import InputAccordion, ToolButton

    with InputAccordion(value=False, label="FaceChain", elem_id=elem_id("enabled")) as enabled:
        made: dict[str, Any] = {"enabled": enabled}
        lacking = requirements_panel.build(models.needs, elem_id)
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
                made["face"] = _slider("face", elem_id, most=20)
                with gr.Row():
                    made["mix_with"] = gr.Dropdown(
                        _cards(), value="", label=argument("mix_with").label, allow_custom_value=True,
                        elem_id=elem_id("mix_with"), min_width=100,
                    )  # fmt: skip
                    made["mix_share"] = _slider("mix_share", elem_id)
                look = gr.Button("Preview face", elem_id=elem_id("preview"))
            with gr.Column():
                made["adapter"] = gr.Dropdown(
                    adapter_names(),
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
        _own(made, elem_id)
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
        notes = gr.HTML("", elem_id=elem_id("notes"))
        card_row.build(elem_id, photos=made["photos"], face=made["face"], card=made["card"], notes=notes)
        who = [made[name] for name in ("photos", "card", "face", "mix_with", "mix_share")]
        look.click(preview.preview, who, [seen, previewed]).then(preview.show_faces, [seen], [seen])
        made["photos"].change(preview.no_preview, [], [seen, previewed], show_progress="hidden")
        lists = [made["card"], made["mix_with"], made["adapter"]]
        refresh.click(_refresh, lists, lists)
        for looks in (refresh.click, enabled.change):
            looks(lambda: requirements_panel.panel_updates(models.needs()), [], lacking.outputs, show_progress="hidden")
        for seen_anew in (refresh.click, made["card"].change):  # a card that is saved is chosen at once
            seen_anew(lambda: boxes.drawn(_cards()[1:]), [], [boxes.frame], show_progress="hidden")
    for name, component in made.items():
        component.webui_tooltip = _line(name).help  # what the host shows when the mouse rests on it
    fields: list[tuple[Any, Any]] = [
        (enabled, pasting.was_enabled),
        (made["card"], pasting.card),
        (made["photos"], pasting.photos),
        (notes, pasting.wanted),
    ]
    for name in component_names():
        line = _line(name)
        if line.infotext is not None:
            fields.append((made[name], pasting.reader(line.name, _WINDOW.index(name) if name in _WINDOW else None)))
    labels = [line.infotext for line in settings_table() if line.infotext]
    return Accordion([made[name] for name in component_names()], fields, [IDENTITY_LABEL, *labels])


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
    make_repeatable(asked)
    if len(args) != len(component_names()):
        return FaceArguments.parse(asked)
    restored = _page_values((True, *args[1:]))  # defaults, or what a request's infotext has set
    return FaceArguments.parse(restored | {name: value for name, value in asked.items() if value is not None})


def _page_values(args: Sequence[Any]) -> dict[str, Any]:
    """The components' values as ``FaceArguments.parse`` takes them; None stands for the default."""
    values = dict(zip(component_names(), args, strict=True))
    window = [values.pop(name) for name in _WINDOW]
    values["window"] = sorted(window) if None not in window else None
    files = values["photos"] if isinstance(values["photos"], list) else []
    return values | {"enabled": bool(values["enabled"]), "photos": [uploaded(file) for file in files]}


def _line(name: str) -> Setting:
    """The line of the table that the component called ``name`` belongs to."""
    return argument("window" if name in _WINDOW else name)


def _slider(
    name: str, elem_id: Callable[[str], str], part: str = "", value: float | None = None, *, most: float = 100
) -> Any:
    line = argument(name)
    label = f"{line.label} {part}" if part else line.label
    start = line.default if value is None else value
    low, high, step = (int(n) if line.step == 1 else n for n in (line.low, min(line.high, most), line.step))
    return gr.Slider(low, high, start, step=step, label=label, elem_id=elem_id(f"{name}_{part}" if part else name))


def _own(made: dict[str, Any], elem_id: Callable[[str], str]) -> None:
    """A component for each setting of a method that has no place of its own above."""
    for row in own_settings():
        if isinstance(row.default, bool):
            made[row.name] = gr.Checkbox(row.default, label=row.label, elem_id=elem_id(row.name))
        elif isinstance(row.default, (int, float)):
            made[row.name] = _slider(row.name, elem_id)
        else:
            made[row.name] = gr.Textbox(row.default, label=row.label, elem_id=elem_id(row.name))


def _cards() -> list[str]:
    from facechain_ext.identity.library import CardLibrary

    return ["", *CardLibrary().names()]


def _refresh(card: str, mix_with: str, adapter: str) -> tuple[Any, Any, Any]:
    cards, adapters = _cards(), adapter_names()
    return (
        gr.update(choices=cards, value=card if card in cards else ""),
        gr.update(choices=cards, value=mix_with if mix_with in cards else ""),
        gr.update(choices=adapters, value=adapter if adapter in adapters else AUTOMATIC),
    )
