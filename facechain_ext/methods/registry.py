"""The methods that there are, and the choice of one for the loaded model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.errors import HostError, InputError
from facechain_ext.methods.fact.method import FactMethod
from facechain_ext.methods.named_files import AUTOMATIC
from facechain_ext.methods.photomaker.method import PhotoMakerMethod
from facechain_ext.text_values import shorten

if TYPE_CHECKING:
    from facechain_ext.methods.protocol import Method, ModelFamily
    from facechain_ext.methods.setting import Setting

_methods: list[Method] = [FactMethod(), PhotoMakerMethod()]


def registered_methods() -> tuple[Method, ...]:
    """Every method, in the order in which they are tried."""
    return tuple(_methods)


def register_method(method: Method) -> None:
    """Add a method behind the others.

    Raises InputError when one of its name, or a setting of one of its settings' names, is there already; the registry
    is then unchanged.
    """
    if any(one.name == method.name for one in _methods):
        raise InputError(f"There is a method called {method.name} already.")
    known = {row.name for row in method_settings()}
    double = next((row.name for row in method.settings if row.name in known), None)
    if double is not None:
        raise InputError(f"The setting {double} of {method.name} belongs to another method already.")
    _methods.append(method)


def choice_remark(method: str, family: ModelFamily, name: str = AUTOMATIC) -> str:
    """Why the method of that name was chosen, where it was not asked for and is not the first of all; else empty."""
    if name != AUTOMATIC or method == _methods[0].name:
        return ""
    return f"{method} puts the person in, because the loaded checkpoint is {family}."


def unregister_method(method: Method) -> None:
    """Take a method out again; harmless when it is not there."""
    if method in _methods:
        _methods.remove(method)


def method_settings() -> tuple[Setting, ...]:
    """The settings of all methods, in their order."""
    return tuple(row for method in _methods for row in method.settings)


def method_names() -> list[str]:
    """What a drop-down of the methods holds."""
    return [AUTOMATIC, *(method.name for method in _methods)]


def choose_method(family: ModelFamily, name: str = AUTOMATIC) -> Method:
    """The method called ``name``, or the first one that can work with a model of ``family``.

    Raises HostError with every method's reason when none can, or the one that was asked for; InputError for a name that
    no method has.
    """
    if name != AUTOMATIC:
        asked = next((method for method in _methods if method.name.casefold() == name.casefold()), None)
        if asked is None:
            raise InputError(f"There is no method called {shorten(name)}; there are: {', '.join(method_names())}.")
        reason = asked.unavailable_reason(family)
        if reason:
            raise HostError(f"{reason} Or let the method be chosen: {AUTOMATIC}.")
        return asked
    reasons = []
    for method in _methods:
        reason = method.unavailable_reason(family)
        if not reason:
            return method
        reasons.append(reason)
    raise HostError(" ".join(reasons))
