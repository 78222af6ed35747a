"""The always-on script of txt2img and img2img, and the callbacks that are registered with the host.

The host waits for this module at its start, so what only a generation needs (``script_hooks``) and what only an event
needs is imported when it first comes.
"""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING

from modules import scripts

from facechain_ext.hosts.webui import accordion, controlnet, device_policy, logins, loras, models, settings, tab, xyz
from facechain_ext.hosts.webui.callbacks import add_callback, late
from facechain_ext.labels.settings import use_label_settings
from facechain_ext.next_steps import PageSteps, set_next_steps
from facechain_ext.weights.folders import use_lora_folders

if TYPE_CHECKING:
    from types import ModuleType

    from facechain_ext.hosts.webui.fallback_script import FallbackHooks
    from facechain_ext.hosts.webui.host_types import Component, PostprocessedImage, Processed, Processing

log = logging.getLogger(__name__)

TITLE = "FaceChain"
"""The name of the script in the API; never changes."""


def register() -> None:
    """Register the callbacks with the host; loads no model."""
    set_next_steps(PageSteps(webui=True))
    models.use_host_folder()
    logins.register()
    use_lora_folders(loras.folders)
    device_policy.use_host_policy()
    add_callback("cfg_denoiser", late("face_run", "on_denoiser"), __file__)
    add_callback("cfg_denoiser", late("tab_request", "on_denoiser"), __file__)
    add_callback("ui_settings", functools.partial(settings.add_options, controlnet.model_names), __file__)
    add_callback("infotext_pasted", settings.on_infotext_pasted, __file__)
    use_label_settings(settings.label_settings)
    add_callback("before_image_saved", late("labelling", "on_before_image_saved"), __file__)
    add_callback("image_saved", late("labelling", "on_image_saved"), __file__)
    add_callback("app_started", late("routes", "add_routes"), __file__)
    add_callback("app_started", late("disconnects", "end_abandoned_events"), __file__)
    add_callback("script_unloaded", late("disconnects", "stop_tasks"), __file__)
    add_callback("before_ui", xyz.register_axes, __file__)
    xyz.register_axes()  # with --nowebui the plot reads its axes before that callback
    add_callback("ui_tabs", tab.create_tab, __file__)


class FaceChainScript(scripts.Script):  # type: ignore[misc]
    """The accordion "FaceChain", and the face in the generations that it is enabled for."""

    def title(self) -> str:
        """The script's name in the API."""
        return TITLE

    def show(self, is_img2img: bool) -> object:
        """Always on, in both tabs."""
        return scripts.AlwaysVisible

    def ui(self, is_img2img: bool) -> list[Component]:
        """Build the accordion; returns its components in the order in which their values come as arguments."""
        built = accordion.build(self.elem_id, is_img2img=is_img2img)
        self.infotext_fields = built.infotext_fields
        self.paste_field_names = built.paste_field_names
        return built.components

    def before_process(self, p: Processing, *args: object) -> None:
        """Detach what an earlier generation may have left attached."""
        _hooks().before_process(p)

    def process(self, p: Processing, *args: object) -> None:
        """Read the settings, prepare the people, and write both into the infotext."""
        _hooks().process(p, args)

    def before_process_batch(self, p: Processing, *args: object, prompts: list[str], **kwargs: object) -> None:
        """Add the tag of the method's LoRA, and the words that call it, to the coming batch; not to the infotext."""
        _hooks().before_process_batch(p, args, prompts)

    def process_batch(self, p: Processing, *args: object, **kwargs: object) -> None:
        """Have the face detached when the coming batch ends, whatever ends it."""
        _hooks().process_batch(p)

    def process_before_every_sampling(self, p: Processing, *args: object, **kwargs: object) -> None:
        """Attach the face for the coming pass."""
        _hooks().process_before_every_sampling(p, args)

    def postprocess_batch(self, p: Processing, *args: object, **kwargs: object) -> None:
        """Record for the tab whether the picture was sampled to its end."""
        _hooks().postprocess_batch(p)

    def postprocess_image(self, p: Processing, processed: PostprocessedImage, *args: object) -> None:
        """Repair the faces where that is switched on, then draw the visible label; the tab does both itself."""
        _hooks().postprocess_image(p, processed)

    def postprocess(self, p: Processing, processed: Processed | None, *args: object) -> None:
        """Release the people, and write the notes into the answer but not into the pictures."""
        _hooks().postprocess(p, processed)


@functools.cache
def _hooks() -> ModuleType | FallbackHooks:
    """The module of the hooks; where it cannot be imported, hooks that say so in the pictures."""
    try:
        from facechain_ext.hosts.webui import script_hooks
    except Exception as error:  # whatever fails here, the picture is made and says that it is without the face
        log.exception("FaceChain could not be loaded")
        from facechain_ext.hosts.webui.fallback_script import FallbackHooks

        return FallbackHooks(error)
    return script_hooks
