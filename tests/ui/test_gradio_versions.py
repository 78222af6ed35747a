"""What the page asks of gradio in the same words on every release."""

from __future__ import annotations

import pytest

gradio = pytest.importorskip("gradio", reason="gradio is not installed")

from facechain_ext.storage.owner import use_logins
from facechain_ext.ui.gradio_versions import MAJOR, HostedBlocks, LabelledChoices, on_opened, script_options

CHOICES = LabelledChoices((("First file", "first"), ("Second file", "second"), ("Third", "third")))


@pytest.mark.parametrize(
    ("handed_over", "values"),
    [
        (["First file"], ["first"]),
        (["Third", "First file", "Third"], ["third", "first"]),
        (["nothing that is offered"], []),
        ([], []),
        (None, []),
    ],
)
def test_a_label_that_is_handed_over_becomes_its_value(handed_over, values):
    assert CHOICES.values_of(handed_over) == values


@pytest.mark.parametrize(
    ("values", "labels"),
    [(None, ["First file", "Second file", "Third"]), (["third", "second"], ["Second file", "Third"]), ([], [])],
)
def test_the_labels_of_values_keep_the_order_of_the_pairs(values, labels):
    assert CHOICES.labels(values) == labels


@pytest.mark.parametrize("component", ["Dropdown", "Radio", "CheckboxGroup"])
def test_labels_reach_the_browser_as_they_are_and_come_back(component):
    made = getattr(gradio, component)(CHOICES.labels())
    shown = made.get_config()["choices"] if hasattr(made, "get_config") else made.choices
    texts = [one if isinstance(one, str) else one[0] for one in shown]
    assert CHOICES.values_of(texts) == ["first", "second", "third"]


@pytest.mark.parametrize("logins", [True, False])
def test_what_depends_on_the_login_comes_when_a_page_is_opened(logins):
    use_logins(on=logins)
    try:
        with gradio.Blocks() as page:
            shown = gradio.HTML()
            on_opened(lambda: "yours", [], [shown])
    finally:
        use_logins(on=False)
    config = page.get_config_file()
    outputs = [one["outputs"] for one in config["dependencies"]]
    assert outputs == ([[shown._id]] if logins else [])


def test_a_webui_does_not_describe_the_events_of_the_page_to_programs():
    with HostedBlocks(analytics_enabled=False) as tab:
        field = gradio.Textbox()
        gradio.Button().click(lambda text: text, [field], [field])
    with gradio.Blocks(analytics_enabled=False) as webui:
        gradio.Button().click(lambda text: text, [own := gradio.Textbox()], [own], api_name="its_own")
        tab.render()
    assert len(webui.get_config_file()["dependencies"]) == 2
    described = webui.get_api_info() if MAJOR > 3 else gradio.blocks.get_api_info(webui.get_config_file())
    assert list(described["named_endpoints"]) == ["/its_own"]


def test_a_page_that_a_webui_serves_makes_no_server_of_its_own(monkeypatch):
    made = []
    monkeypatch.setattr(gradio.routes.App, "create_app", lambda *args, **options: made.append(args))
    with HostedBlocks(analytics_enabled=False) as tab:
        gradio.Textbox()
    assert not made
    tab.queue()
    assert made


def test_an_event_that_is_wrapped_as_forge_wraps_it_runs_its_script():
    class Wrapped:
        """What Forge has in the place of an event: its signature says nothing."""

        def __init__(self, event):
            self.event = event

        def __call__(self, *args, **options):
            return self.event(*args, **options)

    with gradio.Blocks() as page:
        Wrapped(gradio.Button().click)(None, None, None, **script_options("() => []"))
    assert [one["js"] for one in page.get_config_file()["dependencies"]] == ["() => []"]
