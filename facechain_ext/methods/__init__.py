"""The ways in which a person enters a diffusion model, behind one Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

_REGISTRY = ("choose_method", "method_settings", "register_method", "registered_methods", "unregister_method")


def __getattr__(name: str) -> object:
    """Load the module of a public name when it is first asked for: the registry imports every method."""
    if name not in __all__:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    from importlib import import_module

    module = "registry" if name in _REGISTRY else "setting" if name == "Setting" else "protocol"
    found: object = getattr(import_module(f"{__name__}.{module}"), name)
    return found
