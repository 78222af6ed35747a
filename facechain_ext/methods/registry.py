"""The methods that there are, and the choice of one for the loaded model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.errors import HostError, InputError
from facechain_ext.methods.fact.method import FactMethod
from facechain_ext.methods.lora.method import FactLoraMethod, LoraMethod
from facechain_ext.methods.named_files import AUTOMATIC
from facechain_ext.methods.photomaker.method import PhotoMakerMethod
from facechain_ext.text_values import shorten

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from facechain_ext.methods.protocol import Method, ModelFamily, PersonInPicture
    from facechain_ext.methods.setting import Setting

_methods: list[Method] = [FactMethod(), PhotoMakerMethod(), LoraMethod(), FactLoraMethod()]


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
    """Why the method of that name was chosen, where it was not asked for; empty for the first of all in its family."""
    first = _methods[0]
    if name != AUTOMATIC or (method == first.name and family in first.trained_for):
        return ""
    if any(one.name == method and family not in one.trained_for for one in _methods):
        return f"{method} puts the person in, because what the other methods for {family} need is not there."
    return f"{method} puts the person in, because the loaded checkpoint is {family}."


def unregister_method(method: Method) -> None:
    """Take a method out again; harmless when it is not there."""
    if method in _methods:
        _methods.remove(method)


def method_settings() -> tuple[Setting, ...]:
    """The settings of all methods, in their order; one that two methods share is there once."""
    return tuple({row.name: row for method in _methods for row in method.settings}.values())


def method_names() -> list[str]:
    """What a drop-down of the methods holds."""
    return [AUTOMATIC, *(method.name for method in _methods)]


def read_method_name(value: object) -> str:
    """The name of a method as the registry spells it, or "auto"; raises InputError for anything else."""
    name = next((one for one in method_names() if isinstance(value, str) and one.casefold() == value.casefold()), None)
    if name is None:
        raise InputError(f"FaceChain: method is one of {', '.join(method_names())}, not {shorten(value)}.")
    return name


def written_method_name(value: object) -> str:
    """What a picture's settings hold of the method: nothing for the first one, which is what earlier versions had."""
    return "" if value in (AUTOMATIC, method_names()[1]) else str(value)


def choose_method(
    family: ModelFamily,
    name: str = AUTOMATIC,
    *,
    people: Sequence[PersonInPicture] = (),
    loaded: Collection[str] = (),
) -> Method:
    """The method called ``name``, or the one that suits a model of ``family`` best.

    That is one whose weights for the family are published or on this machine (``loaded`` names the methods whose
    weights the host has), and of several the one that can use the ``people``'s cards, then the one that has its
    weights, then the one that they were published for.

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
    reasons = [method.unavailable_reason(family) for method in _methods]
    if all(reasons):
        raise HostError(" ".join(reasons))

    def has_weights(method: Method) -> bool:
        return method.name in loaded or method.has_files(family)

    def unfitness(method: Method) -> tuple[bool, ...]:
        usable = not any(method.unusable_reason(person.identity) for person in people)
        return not usable, not has_weights(method), family not in method.trained_for

    working = [method for method, reason in zip(_methods, reasons, strict=True) if not reason]
    return min((m for m in working if family in m.trained_for or has_weights(m)), key=unfitness, default=working[0])
