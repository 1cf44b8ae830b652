"""A mix of shifted copies of an array, and its derivatives, as XLA computes them fast.

    drive[p] = sum_d weight[d, p] window[p + start_d]

The last axis is the batch: a weight meets a whole row of examples, and sums over cells are sums of
rows. No copy per slot is ever stored. Left to autodiff, the adjoint of the window would be a chain
of paddings, one per slot; here it is a mix of the same kind,

    d_window[q] = sum_d weight[d, q - start_d] d_drive[q - start_d]
    d_weight[d, p] = sum over the batch of d_drive[p] window[p + start_d]
"""

from collections.abc import Iterable
from functools import partial, reduce
from operator import add, sub

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

Starts = tuple[tuple[int, ...], ...]
"""For each slot, where in the window the neighbour of the first cell lies, axis by axis."""


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def shifted_mix(
    starts: Starts, weight: Float[Array, "slot *cells"], window: Float[Array, "*window lane"]
) -> Float[Array, "*cells lane"]:
    """The sum over slots of a weight per cell times the window, moved.

    Half precision is added up in float32.

    Args:
        starts: see `Starts`; `start + cells` must not exceed the window.
        weight: one per slot and cell.
        window: what is seen, examples last.
    """
    size = (*weight.shape[1:], window.shape[-1])
    return _sum(
        weight[slot][..., None] * _cut(window, start, size) for slot, start in enumerate(starts)
    )


def _forward(starts: Starts, weight: Array, window: Array):
    return shifted_mix(starts, weight, window), (weight, window)


def _backward(starts: Starts, kept: tuple[Array, Array], d_drive: Array) -> tuple[Array, Array]:
    weight, window = kept
    return _d_weight(starts, window, d_drive), _d_window(starts, weight, window.shape, d_drive)


shifted_mix.defvjp(_forward, _backward)


def _d_window(starts: Starts, weight: Array, size: tuple[int, ...], d_drive: Array) -> Array:
    """The mix the other way round, as if there were cells that nobody sees all around."""
    reach = tuple(map(sub, size[:-1], d_drive.shape[:-1]))
    rim = [(n, n) for n in reach]
    weight, d_drive = jnp.pad(weight, [(0, 0), *rim]), jnp.pad(d_drive, [*rim, (0, 0)])
    turned = [tuple(map(sub, reach, start)) for start in starts]
    return _sum(
        _cut(weight[slot], start, size[:-1])[..., None] * _cut(d_drive, start, size)
        for slot, start in enumerate(turned)
    )


def _d_weight(starts: Starts, window: Array, d_drive: Array) -> Array:
    """Slot by slot: side by side XLA takes longer to compile them, and as long to run."""

    def one(start: Array) -> Array:
        return summed(d_drive, jax.lax.dynamic_slice(window, (*start, 0), d_drive.shape))

    return jax.lax.map(one, jnp.asarray(np.array(starts)))


def summed(
    left: Float[Array, "*cells lane"], right: Float[Array, "*cells lane"]
) -> Float[Array, "*cells"]:
    """The product, summed over the batch.

    As a product of matrices: XLA's own sum over the last axis is up to ten times slower on a CPU,
    depending on what it is fused with.
    """
    return jnp.einsum("...b,...b->...", left, right)


@jax.custom_vjp
def scaled(
    scale: Float[Array, "*cells"], values: Float[Array, "*cells lane"]
) -> Float[Array, "*cells lane"]:
    """A factor per cell times the values, with the derivative by `summed`."""
    return scale[..., None] * values


scaled.defvjp(
    lambda scale, values: (scaled(scale, values), (scale, values)),
    lambda kept, given: (summed(given, kept[1]), kept[0][..., None] * given),
)


@jax.custom_vjp
def raised(
    bias: Float[Array, "*cells"], values: Float[Array, "*cells lane"]
) -> Float[Array, "*cells lane"]:
    """A number per cell plus the values, with the derivative by `summed`."""
    return bias[..., None] + values


raised.defvjp(
    lambda bias, values: (raised(bias, values), None),
    lambda _, given: (summed(given, jnp.ones_like(given)), given),
)


def _cut(values: Array, start: tuple[int, ...], size: tuple[int, ...]) -> Array:
    """A box of `values` from `start`; axes without a start are taken whole."""
    begin = (*start, *(0,) * (len(size) - len(start)))
    return jax.lax.slice(values, begin, tuple(map(add, begin, size)))


def _sum(terms: Iterable[Array]) -> Array:
    """One after the other, half precision in float32: the order that XLA fuses into one loop."""
    first, *rest = terms
    wide = first.dtype if first.dtype.itemsize >= 4 else jnp.float32
    return reduce(add, (t.astype(wide) for t in rest), first.astype(wide)).astype(first.dtype)
