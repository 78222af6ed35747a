"""Types of gradio's components and of what the page's event handlers return.

gradio evaluates the annotations of handlers at run time, so that modules with handlers import these names at run time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

Updates = list[object]
"""A handler's result: for each output its new value, or a change of its properties made by ``gr.update``."""
UpdateStream = Iterator[Updates]
"""The results of a generator handler, one after the other."""
HtmlStream = Iterator[str]
"""HTML for one output, again and again as the work goes on."""
HIDDEN_PROGRESS = {"show_progress": "hidden"}
"""Options of an event that shows its progress itself, or ends at once: gradio's own overlay stays away."""
BUILT_WHEN_OPENED = ("facechain-built-when-opened",)
"""The class of a column whose content a webui's page builds when it is first seen: javascript/facechain_unopened.js."""


class Event(Protocol):
    """One kind of event of a component: calling it registers ``handler``."""

    def __call__(self, handler: object, inputs: object, outputs: object, **options: object) -> object:
        """Call ``handler`` with the values of ``inputs`` and put what it returns into ``outputs``."""
        ...


class Component(Protocol):
    """A gradio component as this page uses it; each class of gradio has only some of these events."""

    @property
    def click(self) -> Event:
        """A button was pressed."""
        ...

    @property
    def change(self) -> Event:
        """The value has changed, by the user or by a handler."""
        ...

    @property
    def input(self) -> Event:
        """The value was changed by the user."""
        ...

    @property
    def release(self) -> Event:
        """The handle of a slider was released."""
        ...

    @property
    def upload(self) -> Event:
        """Files were uploaded."""
        ...

    @property
    def select(self) -> Event:
        """A picture of a gallery, or a point of an image, was clicked."""
        ...

    @property
    def blur(self) -> Event:
        """A text field has lost the focus."""
        ...

    @property
    def submit(self) -> Event:
        """Enter was pressed in a text field."""
        ...

    def render(self) -> object:
        """Place a component that was made with ``render=False``."""
        ...
