"""U-Nets that torch.compile has changed: hooks that come later are ignored there, so these come once and stay."""

from __future__ import annotations

import logging
import weakref
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facechain_ext.methods.fact.sites import Site

log = logging.getLogger(__name__)


class HookTarget(Protocol):
    """What hooks call while a face is at work."""

    def before_unet(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Note the run that begins."""
        ...

    def before_norm2(self, site: Site, args: tuple[Any, ...]) -> tuple[Any, ...] | None:
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


def hook(
    unet: nn.Module,
    sites: Sequence[Site],
    acting: Callable[[], HookTarget | None],
    wrap: Callable[[Callable[..., Any]], Callable[..., Any]] = lambda function: function,
) -> list[Any]:
    """Register the hooks, each wrapped by ``wrap``, that let ``acting`` act; the handles take them off again."""

    def before_unet(_module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        face = acting()
        if face is not None:
            face.before_unet(args, kwargs)

    def at(site: Site) -> list[Any]:
        def before_norm2(_module: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...] | None:
            face = acting()
            return None if face is None else face.before_norm2(site, args)

        def after_attn2(_module: nn.Module, _args: tuple[Any, ...], output: Tensor) -> Tensor | None:
            face = acting()
            return None if face is None else face.after_attn2(site, output)

        return [
            site.norm2.register_forward_pre_hook(wrap(before_norm2)),
            site.attn2.register_forward_hook(wrap(after_attn2)),
        ]

    first = unet.register_forward_pre_hook(wrap(before_unet), with_kwargs=True)
    return [first, *(handle for site in sites for handle in at(site))]


class CompiledHooks:
    """Hooks in a compiled U-Net that stay, and do nothing while nobody is let in.

    What was compiled without them is forgotten when they come, once for each U-Net, so that its next run compiles anew.
    """

    _of: ClassVar[weakref.WeakKeyDictionary[nn.Module, CompiledHooks]] = weakref.WeakKeyDictionary()

    def __init__(self, unet: nn.Module, sites: Sequence[Site]) -> None:
        self._inside: weakref.ref[Any] | None = None
        # run as they are between compiled parts: who is inside changes from picture to picture
        hook(unet, sites, self._acting, torch.compiler.disable)
        torch._dynamo.reset()  # noqa: SLF001 - it has no other name
        log.info("the U-Net is compiled: it is compiled anew once, with a place for the face")

    @classmethod
    def of(cls, unet: nn.Module, sites: Sequence[Site]) -> CompiledHooks:
        """The door of a U-Net, made when it is first asked for."""
        if unet not in cls._of:
            cls._of[unet] = cls(unet, sites)
        return cls._of[unet]

    def activate(self, acting: HookTarget) -> None:
        """Let ``acting`` act from now on."""
        self._inside = weakref.ref(acting)

    def deactivate(self, acting: HookTarget) -> None:
        """Let nobody act, if it is ``acting`` who does."""
        if self._acting() is acting:
            self._inside = None

    def _acting(self) -> HookTarget | None:
        return None if self._inside is None else self._inside()
