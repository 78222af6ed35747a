"""The accordion in txt2img and img2img: its components, and the settings in their values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import gradio as gr

from facechain_ext.hosts.webui import card_row, models, pasting, preview
from facechain_ext.hosts.webui.json_safe import make_json_safe
from facechain_ext.methods.fact.files import adapter_names
from facechain_ext.methods.named_files import AUTOMATIC
from facechain_ext.methods.photomaker.files import photomaker_names
from facechain_ext.methods.photomaker.method import PhotoMakerMethod
from facechain_ext.methods.registry import method_names
from facechain_ext.recipes.arguments import IDENTITY_LABEL, FaceArguments, argument, own_settings, settings_table
from facechain_ext.ui import requirements_panel
from facechain_ext.ui.boxes import BoxFields, boxes_html
from facechain_ext.ui.gradio_types import BUILT_WHEN_OPENED
from facechain_ext.ui.gradio_versions import on_opened

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from facechain_ext.hosts.webui.host_types import Component
    from facechain_ext.methods.setting import Setting
    from facechain_ext.ui.gradio_types import Event

    InfotextReader = Callable[[Mapping[str, object]], object]
    """A function from a parsed infotext to the value of a component, or to None to leave it unchanged."""

_WINDOW = ("window_start", "window_end")
_PLACEHOLDERS = {"people": "Anna: 0.5, 0, 1, 1", "box": "0, 0, 0.5, 1"}


def component_names() -> tuple[str, ...]:
    """Names of the components in the order in which their values come as arguments of the script."""
    rows = (row for row in settings_table() if row.on_page)
    return tuple(name for row in rows for name in (_WINDOW if row.name == "window" else (row.name,)))


@dataclass(frozen=True)
class Accordion:
    """The components in the order of component_names, and the functions that restore them from an infotext."""

    components: list[Component]
    infotext_fields: list[tuple[Component, InfotextReader]]
    paste_field_names: list[str]


def build(elem_id: Callable[[str], str], *, is_img2img: bool) -> Accordion:
    """Build the accordion; reads names of files but no model."""
    from modules.ui_components import InputAccordion

    with InputAccordion(value=False, label="FaceChain", elem_id=elem_id("enabled")) as enabled:
        components: dict[str, Component] = {"enabled": enabled}
        with gr.Column(elem_id=elem_id("content"), elem_classes=[*BUILT_WHEN_OPENED]):
            notes = _build_content(components, elem_id, is_img2img=is_img2img)
    for name, component in components.items():
        component.webui_tooltip = _row_of(name).help
    fields: list[tuple[Component, InfotextReader]] = [
        (enabled, pasting.restored_enabled),
        (components["card"], pasting.restored_card),
        (components["photos"], pasting.restored_photos),
        (notes, pasting.restore_notes),
    ]
    for name in component_names():
        row = _row_of(name)
        if row.infotext is not None:
            index = _WINDOW.index(name) if name in _WINDOW else None
            fields.append((components[name], pasting.setting_reader(row.name, index)))
    labels = [row.infotext for row in settings_table() if row.infotext]
    return Accordion([components[name] for name in component_names()], fields, [IDENTITY_LABEL, *labels])


def _build_content(components: dict[str, Component], elem_id: Callable[[str], str], *, is_img2img: bool) -> Component:
    """Build what is in the accordion and add it to ``components``; returns where notes are shown."""
    from modules.ui_components import ToolButton

    missing = requirements_panel.build(models.needs, elem_id, models.needs())
    with gr.Row():
        with gr.Column():
            row = argument("photos")
            components["photos"] = gr.File(
                label=row.label,
                file_count="multiple",
                file_types=["image"],
                elem_id=elem_id("photos"),
                elem_classes=["facechain-drop"],
            )
            with gr.Row():
                # pasted names may be newer than the list: allow_custom_value shows them all the same
                components["card"] = gr.Dropdown(
                    _cards(), value="", label="Card", allow_custom_value=True, elem_id=elem_id("card")
                )
                refresh = ToolButton(value="\U0001f504", elem_id=elem_id("refresh"))
            components["face"] = _slider("face", elem_id, maximum=20)
            with gr.Row():
                components["mix_with"] = gr.Dropdown(
                    _cards(), value="", label=argument("mix_with").label, allow_custom_value=True,
                    elem_id=elem_id("mix_with"), min_width=100,
                )  # fmt: skip
                components["mix_share"] = _slider("mix_share", elem_id)
            preview_button = gr.Button("Preview face", elem_id=elem_id("preview"))
        with gr.Column():
            components["method"] = gr.Dropdown(
                method_names(), value=AUTOMATIC, label=argument("method").label, elem_id=elem_id("method")
            )
            components["adapter"] = gr.Dropdown(
                adapter_names(),
                value=AUTOMATIC,
                label="Adapter",
                allow_custom_value=True,
                elem_id=elem_id("adapter"),
            )
            components["strength"] = _slider("strength", elem_id)
            with gr.Row():
                components["window_start"] = _slider("window", elem_id, "start", 0.0)
                components["window_end"] = _slider("window", elem_id, "end", 1.0)
            with gr.Row():
                components["hires"] = _checkbox("hires", elem_id, visible=not is_img2img)
                components["repair_faces"] = _checkbox("repair_faces", elem_id)
    _add_method_components(components, elem_id)
    with gr.Accordion("Several people", open=False, elem_id=elem_id("several")):
        for name, lines in (("people", 3), ("box", 1)):
            row = argument(name)
            components[name] = gr.Textbox(
                "",
                label=row.label,
                info=row.help,
                lines=lines,
                elem_id=elem_id(name),
                placeholder=_PLACEHOLDERS[name],
            )
        boxes = _boxes(elem_id, "img2img" if is_img2img else "txt2img")
    # apart from the notes, where the identity of a pasted picture stays for comparison
    preview_notes = gr.HTML("", elem_id=elem_id("previewed"))
    notes = gr.HTML("", elem_id=elem_id("notes"))
    photos, face, card = (components[name] for name in ("photos", "face", "card"))
    card_row.build(elem_id, photos=photos, face=face, card=card, notes=notes)
    person = [components[name] for name in ("photos", "card", "face", "mix_with", "mix_share")]
    preview_button.click(preview.preview, person, [preview_notes])
    components["photos"].change(lambda: "", [], [preview_notes], show_progress="hidden")
    lists = [components[name] for name in ("card", "mix_with", "adapter", "photomaker")]
    refresh.click(_refresh, lists, lists)
    for event in (refresh.click, components["enabled"].change):
        event(
            lambda: requirements_panel.panel_updates(models.needs()),
            [],
            missing.outputs,
            show_progress="hidden",
        )
    _keep_cards_current([refresh.click, components["card"].change], components, boxes)
    return notes


@dataclass(frozen=True)
class _Boxes:
    """The component in which boxes of several people are drawn, and the ids of its fields."""

    frame: Component
    fields: BoxFields

    def html(self, cards: Sequence[str]) -> str:
        """The component's value for these ``cards``."""
        return boxes_html(self.fields, cards)


def _boxes(elem_id: Callable[[str], str], tab: str) -> _Boxes:
    fields = BoxFields(elem_id("people"), elem_id("box"), f"{tab}_width", f"{tab}_height")
    return _Boxes(gr.HTML(boxes_html(fields, _cards()[1:]), elem_id=elem_id("boxes")), fields)


def _keep_cards_current(changes: Sequence[Event], components: Mapping[str, Component], boxes: _Boxes) -> None:
    """Update the boxes at ``changes``, and all lists of cards when a page of some login is opened."""
    lists = [components["card"], components["mix_with"]]

    def on_open() -> list[object]:
        return [*[gr.update(choices=_cards()) for _ in lists], boxes.html(_cards()[1:])]

    for event in changes:  # a new card becomes the value as it is saved
        event(lambda: boxes.html(_cards()[1:]), [], [boxes.frame], show_progress="hidden")
    on_opened(on_open, [], [*lists, boxes.frame])


def read(args: Sequence[object]) -> FaceArguments:
    """The settings in the script's arguments: the components' values, of which an API request replaces the first.

    Raises InputError that names a setting that is unknown or outside its range.
    """
    request = args[0] if args and isinstance(args[0], dict) else None
    if request is None:
        return FaceArguments.parse(_page_values(args))
    make_json_safe(request)
    if len(args) != len(component_names()):
        return FaceArguments.parse(request)
    restored = _page_values((True, *args[1:]))  # defaults, or the values of the request's infotext
    return FaceArguments.parse(restored | {name: value for name, value in request.items() if value is not None})


def _page_values(args: Sequence[object]) -> dict[str, object]:
    """The components' values for ``FaceArguments.parse``; None stands for the default."""
    from facechain_ext.hosts.webui.people import uploaded

    values: dict[str, object] = dict(zip(component_names(), args, strict=True))
    window = [end for end in (values.pop(name) for name in _WINDOW) if isinstance(end, (int, float))]
    values["window"] = sorted(window) if len(window) == len(_WINDOW) else None
    files = values["photos"] if isinstance(values["photos"], list) else []
    return values | {"enabled": bool(values["enabled"]), "photos": [uploaded(file) for file in files]}


def _row_of(name: str) -> Setting:
    """The row of the table of settings for the component ``name``."""
    return argument("window" if name in _WINDOW else name)


def _slider(
    name: str, elem_id: Callable[[str], str], suffix: str = "", value: float | None = None, *, maximum: float = 100
) -> Component:
    row = argument(name)
    label = f"{row.label} {suffix}" if suffix else row.label
    start = row.default if value is None else value
    low, high, step = (int(n) if row.step == 1 else n for n in (row.low, min(row.high, maximum), row.step))
    return gr.Slider(low, high, start, step=step, label=label, elem_id=elem_id(f"{name}_{suffix}" if suffix else name))


def _checkbox(name: str, elem_id: Callable[[str], str], *, visible: bool = True) -> Component:
    row = argument(name)
    return gr.Checkbox(row.default, label=row.label, visible=visible, elem_id=elem_id(name))


def _add_method_components(components: dict[str, Component], elem_id: Callable[[str], str]) -> None:
    """Add a component for each method's own setting, folded away: few pictures need one."""
    sdxl = {row.name for row in PhotoMakerMethod.settings}
    more = [row for row in own_settings() if row.name not in sdxl]
    for title, name, rows in (("More", "more", more), ("SDXL", "sdxl", PhotoMakerMethod.settings)):
        with gr.Accordion(title, open=False, elem_id=elem_id(name)):
            for row in rows:
                components[row.name] = _component(row, elem_id)


def _component(row: Setting, elem_id: Callable[[str], str]) -> Component:
    if isinstance(row.default, bool):
        return gr.Checkbox(row.default, label=row.label, elem_id=elem_id(row.name))
    if isinstance(row.default, (int, float)):
        return _slider(row.name, elem_id)
    if row.name == "photomaker":
        return gr.Dropdown(
            photomaker_names(), value=row.default, label=row.label, allow_custom_value=True, elem_id=elem_id(row.name)
        )
    if row.choices:
        return gr.Dropdown(list(row.choices), value=row.default, label=row.label, elem_id=elem_id(row.name))
    return gr.Textbox(row.default, label=row.label, elem_id=elem_id(row.name))


def _cards() -> list[str]:
    from facechain_ext.identity.library import CardLibrary

    return ["", *CardLibrary().names()]


def _refresh(card: str, mix_with: str, adapter: str, photomaker: str) -> tuple[dict[str, object], ...]:
    cards, files = _cards(), (adapter_names(), photomaker_names())
    updates = [gr.update(choices=cards, value=name if name in cards else "") for name in (card, mix_with)]
    for names, name in zip(files, (adapter, photomaker), strict=True):
        updates.append(gr.update(choices=names, value=name if name in names else AUTOMATIC))
    return tuple(updates)
