"""Hooks of U-Nets, also of those that torch.compile has changed, which ignore hooks registered later."""

from __future__ import annotations

import logging
import weakref
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeVar

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch.utils.hooks import RemovableHandle

    from facechain_ext.methods.fact.sites import Site

log = logging.getLogger(__name__)


Hook = TypeVar("Hook")


class HookWrapper(Protocol):
    """Wraps a hook before it is registered."""

    def __call__(self, hook: Hook, /) -> Hook:
        """A hook of the same signature."""
        ...


def _unchanged(hook: Hook, /) -> Hook:
    return hook


class HookTarget(Protocol):
    """What the hooks of a U-Net call while a method is active."""

    def before_unet(self, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        """Note the run that begins."""
        ...

    def before_norm2(self, site: Site, args: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        """The changed arguments of ``norm2``, or None."""
        ...

    def after_attn2(self, site: Site, output: Tensor) -> Tensor | None:
        """The changed output of ``attn2``, or None."""
        ...


def original(unet: nn.Module) -> nn.Module:
    """The U-Net itself, where torch.compile has wrapped it."""
    inner: nn.Module = getattr(unet, "_orig_mod", unet)
    return inner


def is_compiled(unet: nn.Module) -> bool:
    """Whether torch.compile has wrapped ``unet`` or changed it or a part of it in place."""
    return hasattr(unet, "_orig_mod") or any(
        getattr(module, "_compiled_call_impl", None) is not None
        or hasattr(vars(module).get("forward"), "_torchdynamo_orig_callable")
        for module in original(unet).modules()
    )


def register_hooks(
    unet: nn.Module,
    sites: Sequence[Site],
    target: Callable[[], HookTarget | None],
    wrap: HookWrapper = _unchanged,
) -> list[RemovableHandle]:
    """Register the hooks, each wrapped by ``wrap``, that call what ``target`` gives; the handles remove them again."""

    def before_unet(_module: nn.Module, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        active = target()
        if active is not None:
            active.before_unet(args, kwargs)

    def at(site: Site) -> list[RemovableHandle]:
        def before_norm2(_module: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
            active = target()
            return None if active is None else active.before_norm2(site, args)

        def after_attn2(_module: nn.Module, _args: tuple[Tensor, ...], output: Tensor) -> Tensor | None:
            active = target()
            return None if active is None else active.after_attn2(site, output)

        return [
            site.norm2.register_forward_pre_hook(wrap(before_norm2)),
            site.attn2.register_forward_hook(wrap(after_attn2)),
        ]

    first = unet.register_forward_pre_hook(wrap(before_unet), with_kwargs=True)
    return [first, *(handle for site in sites for handle in at(site))]


class CompiledHooks:
    """Hooks in a compiled U-Net that stay registered and do nothing while no target is active.

    What was compiled without them is dropped once for each U-Net, so that its next run compiles with them.
    """

    _of: ClassVar[weakref.WeakKeyDictionary[nn.Module, CompiledHooks]] = weakref.WeakKeyDictionary()

    def __init__(self, unet: nn.Module, sites: Sequence[Site]) -> None:
        self._active: weakref.ref[HookTarget] | None = None
        # not compiled themselves: the active target changes from picture to picture
        register_hooks(unet, sites, self._target, torch.compiler.disable)
        torch.compiler.reset()
        log.info("the U-Net is compiled: it is compiled once more, with hooks for the face")

    @classmethod
    def of(cls, unet: nn.Module, sites: Sequence[Site]) -> CompiledHooks:
        """The hooks of a U-Net, registered when they are first asked for."""
        if unet not in cls._of:
            cls._of[unet] = cls(unet, sites)
        return cls._of[unet]

    def activate(self, target: HookTarget) -> None:
        """Let the hooks call ``target`` from now on."""
        self._active = weakref.ref(target)

    def deactivate(self, target: HookTarget) -> None:
        """Let the hooks do nothing, if it is ``target`` that they call."""
        if self._target() is target:
            self._active = None

    def _target(self) -> HookTarget | None:
        return None if self._active is None else self._active()
