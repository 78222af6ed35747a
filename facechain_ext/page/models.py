"""The Models page: what is there, what is missing, downloads, and the doctor's report."""

from __future__ import annotations

import time
from collections.abc import Iterator  # noqa: TC003 - gradio reads the annotations
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext import doctor, faces
from facechain_ext.errors import FaceChainError
from facechain_ext.faces.repository import consent
from facechain_ext.page.gradio_versions import LabelledChoices
from facechain_ext.page.words import note, table
from facechain_ext.weights import find, models_folder
from facechain_ext.weights.background import Downloads
from facechain_ext.weights.manifest import manifest
from facechain_ext.weights.store import how_to_get, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facechain_ext.page.host import PageHost


def build(host: PageHost) -> None:
    """The table of files, downloads, checks, providers, doctor."""
    del host
    gr.HTML(note(f"Files belong into {models_folder()}. Nothing is downloaded before you press the button."))
    with gr.Row():
        files = gr.Dropdown(_missing(), multiselect=True, value=[], label="Files", elem_id="facechain_models_files")
        start = gr.Button("Download", variant="primary", elem_id="facechain_models_download")
        stop = gr.Button("Stop downloads", elem_id="facechain_models_stop")
        check = gr.Button("Verify", elem_id="facechain_models_verify")
        refresh = gr.Button("Refresh", elem_id="facechain_models_refresh")
    status = gr.HTML("", elem_id="facechain_models_status")
    listing = gr.HTML(files_table(), elem_id="facechain_models_table")
    with gr.Accordion("What can find, mask, judge and fuse faces here", open=False):
        look = gr.Button("Look", elem_id="facechain_models_providers")
        providers = gr.HTML("", elem_id="facechain_models_providers_table")
    _repositories()
    with gr.Accordion("Doctor", open=False):
        examine = gr.Button("Examine", elem_id="facechain_models_doctor")
        report = gr.Textbox("", label="Report", lines=12, show_copy_button=True, elem_id="facechain_models_report")

    def fetch(labels: list[str] | None) -> Iterator[list[Any]]:
        keys = _files().values_of(labels)
        if not keys:
            yield [note("Choose one or more files first."), gr.update()]
            return
        for key in keys:
            downloads().start(key)
        while any(one.busy for key, one in downloads().status().items() if key in keys):
            yield [progress_words(keys), gr.update()]
            time.sleep(0.5)
        yield [progress_words(keys), files_table()]

    def halt() -> str:
        for key, one in downloads().status().items():
            if one.busy:
                downloads().stop(key)
        return note("Stopping; what has come so far is kept for the next time.")

    def compare() -> str:
        try:
            findings = verify()
        except FaceChainError as error:
            return note(str(error))
        return note(*(str(one) for one in findings)) if findings else note("Nothing was downloaded yet.")

    start.click(fetch, [files], [status, listing])
    stop.click(halt, [], [status], queue=False)
    check.click(compare, [], [status])
    refresh.click(lambda: [gr.update(choices=_missing()), files_table()], [], [files, listing])
    look.click(providers_table, [], [providers])
    examine.click(lambda: doctor.as_text(doctor.examine()), [], [report])


def _repositories() -> None:
    """Consent to networks that come as Python."""
    with gr.Accordion("Networks that bring their own Python", open=False):
        gr.HTML(
            note(
                "These run code of their repository, in a process of their own. It could do anything that you can do, "
                "so nothing of it runs before you agree, and a changed file asks again."
            )
        )
        told = gr.HTML(repositories_table(), elem_id="facechain_models_repositories")
        with gr.Row():
            which = gr.Dropdown(
                list(consent.code_keys()), label="Repository", value=None, elem_id="facechain_models_repository"
            )
            agree = gr.Button("I have read its Python and agree", elem_id="facechain_models_consent")
            stop = gr.Button("Withdraw", elem_id="facechain_models_withdraw")
        words = gr.HTML("", elem_id="facechain_models_consent_status")

    def act(key: str | None, work: Callable[[str], object], done: str) -> list[str]:
        if not key:
            return [note("Choose a repository first."), repositories_table()]
        try:
            work(key)
        except FaceChainError as error:
            return [note(str(error)), repositories_table()]
        return [note(done), repositories_table()]

    agree.click(lambda key: act(key, consent.give, "Agreed."), [which], [words, told])
    stop.click(lambda key: act(key, consent.withdraw, "It runs no more."), [which], [words, told])


def repositories_table() -> str:
    """Which repositories bring Python, from where, and whether it may run."""
    return table(
        ("Model", "From", "Consent"),
        ((key, str(manifest()[key].sources[0]), consent.state(key)) for key in consent.code_keys()),
    )


@lru_cache(maxsize=1)
def downloads() -> Downloads:
    """The one line of downloads of this process."""
    return Downloads()


def files_table() -> str:
    """Every file of the manifest: for what, licence, size, whether it is there."""
    rows = [
        (
            one.title,
            one.purpose,
            f"{one.licence} (commercial use: {one.commercial})",
            f"{one.megabytes} MB" if one.megabytes else "",
            "here" if find(key) is not None else "missing",
        )
        for key, one in manifest().items()
    ]
    return table(("File", "What for", "Licence", "Size", "State"), rows)


def providers_table() -> str:
    """Every provider of every ability, ready or what would make it so."""
    rows = [
        (one.ability, one.name, "ready" if one.ready else "not ready", one.detail, one.remedy)
        for one in faces.availability()
    ]
    return table(("Ability", "Provider", "State", "What it is", "What would change it"), rows)


def progress_words(keys: Sequence[str]) -> str:
    """How the downloads stand, and how to do without when one has failed."""
    lines = []
    for key, one in downloads().status().items():
        if key not in keys:
            continue
        share = f" {100 * one.done // one.total} %" if one.total else f" {one.done >> 20} MB" if one.done else ""
        lines.append(f"{key}: {one.state}{share} {one.message}")
        if one.state == "failed":
            lines.append(how_to_get(key))
    return note(*lines)


def _files() -> LabelledChoices:
    """Every file of the manifest by its title."""
    return LabelledChoices(tuple((one.title, key) for key, one in manifest().items()))


def _missing() -> list[str]:
    """Titles of the files that are not here."""
    return _files().labels(key for key in manifest() if find(key) is None)
