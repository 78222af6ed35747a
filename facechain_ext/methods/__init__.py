"""The ways in which a person enters a diffusion model, behind one Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.lazy_names import lazy_names

if TYPE_CHECKING:
    from facechain_ext.methods.protocol import (
        ActiveMethod,
        HostModel,
        Method,
        ModelFamily,
        PreparedMethod,
        RuntimeOptions,
        StepLayout,
    )
    from facechain_ext.methods.registry import (
        choose_method,
        method_settings,
        register_method,
        registered_methods,
        unregister_method,
    )
    from facechain_ext.methods.setting import Setting

__all__ = [
    "ActiveMethod",
    "HostModel",
    "Method",
    "ModelFamily",
    "PreparedMethod",
    "RuntimeOptions",
    "Setting",
    "StepLayout",
    "choose_method",
    "method_settings",
    "register_method",
    "registered_methods",
    "unregister_method",
]

__getattr__ = lazy_names(
    __name__,
    {
        "protocol": (
            "ActiveMethod", "HostModel", "Method", "ModelFamily", "PreparedMethod", "RuntimeOptions", "StepLayout",
        ),
        "registry": (
            "choose_method", "method_settings", "register_method", "registered_methods", "unregister_method",
        ),
        "setting": ("Setting",),
    },
)  # fmt: skip
