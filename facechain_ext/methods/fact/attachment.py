"""Attach a face adapter to a U-Net by hooks, without changing a weight, a key or a forward method of the host."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, SupportsFloat, TypeVar

from torch import Tensor, nn

from facechain_ext.errors import HostError
from facechain_ext.methods.fact.compiled_hooks import CompiledHooks, is_compiled, original, register_hooks
from facechain_ext.methods.fact.guard import StepGuard
from facechain_ext.methods.fact.injection import FaceCondition, FaceInjection
from facechain_ext.methods.fact.options import EXACT
from facechain_ext.methods.fact.sites import family_of, family_of_sites, find_sites, other_family_reason

if TYPE_CHECKING:
    from types import TracebackType

    from torch.utils.hooks import RemovableHandle

    from facechain_ext.methods.fact.injection import Observer
    from facechain_ext.methods.fact.model import FaceAdapter
    from facechain_ext.methods.fact.options import AttachOptions
    from facechain_ext.methods.fact.sites import Site

log = logging.getLogger(__name__)

T = TypeVar("T")

RowSource = Callable[[int, "Tensor | None"], Sequence[bool]]
"""Says for each row of a coming run of the U-Net whether it is conditional, given their number and the text context."""

_CLIP_AXES = 5
"""Axes of what a U-Net with motion modules of diffusers is called with."""
TRAINED_STEPS = 1000
"""Length of the noise schedule that Stable Diffusion was trained on, of which timesteps are numbers."""

_attached: weakref.WeakKeyDictionary[nn.Module, Attachment] = weakref.WeakKeyDictionary()


class Attachment:
    """A face adapter that acts in a U-Net until ``remove`` is called or the ``with`` block is left."""

    def __init__(
        self, unet: nn.Module, injection: FaceInjection, on_failure: Callable[[Exception], None] | None = None
    ) -> None:
        plain, sites = original(unet), find_sites(original(unet))
        self._family = family_of(plain)
        self._injection = injection
        self._guard = StepGuard(on_failure)
        self._rows: Sequence[bool] | RowSource | None = None
        self._progress_is_set = False
        self._pending: dict[str, Tensor] = {}
        self._handles: list[RemovableHandle] = []
        self._compiled: CompiledHooks | None = None
        if is_compiled(unet):
            self._compiled = CompiledHooks.of(plain, sites)
            self._compiled.activate(self)
        else:
            self._handles = register_hooks(plain, sites, lambda: self)

    @property
    def observers(self) -> list[Observer]:
        """Functions called with (site name, x [b, n, C], increment [b, n, C]) in every block that adds something."""
        return self._injection.observers

    @property
    def injection(self) -> FaceInjection:
        """What is added, apart from how it gets into the U-Net."""
        return self._injection

    def set_rows(self, conditional: Sequence[bool] | RowSource | None) -> None:
        """Say which rows of the coming runs are conditional: a sequence, a function that knows, or None.

        None means the habit of the U-Net's family when there are null tokens: diffusers runs unconditional rows
        first, ldm (as the webui calls it) conditional rows first, as many of each.
        """
        self._rows = conditional

    def set_progress(self, fraction: float) -> None:
        """Say how much of the steps is done, 0..1; until then the window goes by the U-Net's timestep."""
        self._progress_is_set = True
        self._injection.progress = fraction

    def fail(self, error: HostError) -> None:
        """Add nothing any more, because of ``error``; raises it without an ``on_failure``."""
        self._guard.fail(error)

    def remove(self) -> None:
        """Detach; the U-Net is then exactly what it was. Harmless when repeated."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        if self._compiled is not None:
            self._compiled.deactivate(self)
        self._pending.clear()
        self._injection.close()

    def __enter__(self) -> Attachment:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def before_norm2(self, site: Site, args: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        """Let ``norm2`` see x + increment."""
        x = args[0]
        increment = self._guard.run(lambda: self._injection.increment(site.name, x, site.heads))
        if increment is None:
            return None
        self._pending[site.name] = increment
        return (x + increment, *args[1:])

    def after_attn2(self, site: Site, output: Tensor) -> Tensor | None:
        """Carry the increment on in the residual stream behind ``attn2``."""
        increment = self._pending.pop(site.name, None)
        return None if increment is None else output + increment

    def before_unet(self, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        """Note rows, size and step of the run that begins; drop what an interrupted one left."""
        self._pending.clear()
        self._guard.run(lambda: self._begin(args, kwargs))

    def _begin(self, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        names = ("sample", "timestep", "encoder_hidden_states")
        if self._family == "ldm":
            names = ("x", "timesteps", "context")
        sample, timestep, context = (
            args[place] if place < len(args) else kwargs.get(name) for place, name in enumerate(names)
        )
        if not isinstance(sample, Tensor):
            raise HostError("The U-Net was called without a latent picture; this host is not known to FaceChain.")
        injection = self._injection
        changes = injection.window != (0.0, 1.0) or injection.curve is not None
        by_timestep = changes and not self._progress_is_set
        if by_timestep and isinstance(timestep, SupportsFloat):
            first = timestep.flatten()[0] if isinstance(timestep, Tensor) else timestep
            injection.progress = min(max(1.0 - (float(first) + 1.0) / TRAINED_STEPS, 0.0), 1.0)
        if injection.active:
            height, width = sample.shape[-2:]
            rows = self._conditional(len(sample), context if isinstance(context, Tensor) else None)
            if sample.ndim == _CLIP_AXES:  # [b, channels, frames, h, w]: its blocks see each frame as a row
                rows = [conditional for conditional in rows for _ in range(sample.shape[2])]
            injection.begin(rows, (height, width))

    def _conditional(self, rows: int, context: Tensor | None) -> Sequence[bool]:
        if callable(self._rows):
            return self._rows(rows, context)
        if self._rows is not None:
            if len(self._rows) != rows:
                raise HostError(f"set_rows named {len(self._rows)} rows, but the U-Net runs {rows}.")
            return self._rows
        if all(condition.null_tokens is None for condition in self._injection.conditions):
            return [True] * rows
        if rows % 2:
            raise HostError(
                f"Which of the {rows} rows are unconditional cannot be told from their number; say it with set_rows."
            )
        half = rows // 2
        first_is_conditional = self._family == "ldm"
        return [first_is_conditional] * half + [not first_is_conditional] * half


def attach(
    unet: nn.Module,
    adapter: FaceAdapter,
    tokens: Tensor | Sequence[Tensor],
    *,
    null_tokens: Tensor | Sequence[Tensor | None] | None = None,
    strength: float | Sequence[float] = 0.5,
    window: tuple[float, float] = (0.0, 1.0),
    region: Tensor | Sequence[Tensor | None] | None = None,
    options: AttachOptions = EXACT,
) -> Attachment:
    """Let ``adapter`` act in an ldm, sgm or diffusers U-Net until the result is removed.

    ``tokens`` are [t, width] for all rows or [b, t, width] row by row; ``null_tokens`` [t, width] are for the
    unconditional rows. ``strength`` is the published scale: 0 adds nothing, 0.5 is the published default; the gates
    are the checkpoint's. ``window`` holds the first and last fraction of the steps. ``region`` is a mask [h, w] in
    0..1 over the latent grid, of any size. For several identities give sequences of the same length: each acts in its
    own region, and where regions overlap their weights are scaled to add up to 1. ``options`` are the rarer
    settings.

    An adapter that is still attached to this U-Net is removed first. A U-Net that torch.compile has changed keeps idle
    hooks afterwards; hand over what torch.compile gave, or the U-Net that was compiled in place.
    Raises HostError when the U-Net is neither SD1.5's nor SDXL's, or the adapter was made for other sites or channels,
    and ValueError when shapes or ranges are wrong; nothing is attached then.
    """
    conditions = conditions_of(tokens, null_tokens, strength, region, options.bias)
    plain = original(unet)
    injection = injection_into(
        plain,
        adapter,
        conditions,
        window=window,
        options=options,
    )
    previous = _attached.pop(plain, None)
    if previous is not None:
        log.info("a face adapter was still attached to this U-Net and is replaced")
        previous.remove()
    attachment = Attachment(unet, injection, options.on_failure)
    _attached[plain] = attachment
    return attachment


def injection_into(
    unet: nn.Module,
    adapter: FaceAdapter,
    conditions: Sequence[FaceCondition],
    *,
    window: tuple[float, float] = (0.0, 1.0),
    options: AttachOptions = EXACT,
) -> FaceInjection:
    """An injection that fits ``unet``; ``window`` and ``options`` are those of ``attach``.

    Raises HostError when the U-Net is neither SD1.5's nor SDXL's, or the adapter was made for other sites or channels.
    """
    sites, wanted = find_sites(unet), adapter.sizes.channels
    if [site.name for site in sites] != list(wanted):
        raise HostError(other_family_reason(adapter.name, adapter.family, family_of_sites([s.name for s in sites])))
    for site in sites:
        ours = wanted[site.name]
        if site.channels != ours:
            raise HostError(
                f"The face adapter {adapter.name} has {ours} channels at {site.name}, the loaded checkpoint "
                f"{site.channels}: it was made for another kind of model. Choose an adapter for this one."
            )
    return FaceInjection(adapter, conditions, window=window, options=options)


def conditions_of(
    tokens: Tensor | Sequence[Tensor],
    null_tokens: Tensor | Sequence[Tensor | None] | None = None,
    strength: float | Sequence[float] = 0.5,
    region: Tensor | Sequence[Tensor | None] | None = None,
    bias: Tensor | Sequence[Tensor | None] | None = None,
) -> list[FaceCondition]:
    """One condition for each identity; single values go for all of them, except regions, which must match."""
    faces = [tokens] if isinstance(tokens, Tensor) else list(tokens)
    count = len(faces)

    def spread(value: T | Sequence[T], name: str) -> list[T]:
        values = list(value) if isinstance(value, Sequence) else [value] * count
        if len(values) != count:
            raise ValueError(f"There are {count} identities but {len(values)} values of {name}.")
        return values

    columns = zip(
        faces,
        spread(null_tokens, "null_tokens"),
        spread(strength, "strength"),
        spread(region, "region"),
        spread(bias, "bias"),
        strict=True,
    )
    return [FaceCondition(*values) for values in columns]
