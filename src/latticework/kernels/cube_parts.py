"""What the compiled kernels of the cube share: their operands, and outer steps in pieces."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from latticework.cells import GatedNeighbourMix, NeighbourMix
from latticework.core.checks import require
from latticework.core.lattice import LatticeParams
from latticework.core.lattice_loop import LatticeLoop
from latticework.schedules import Blocked

ACTIVATIONS = ("silu", "relu", "leaky_relu", "tanh")
"""In the order of their numbers in C++."""

DTYPES = (jnp.float32, jnp.float64)
"""What the compiled kernels compute in."""

OPERANDS = ("x0", "weight", "bias", "scale", "norm_weight", "norm_bias")
"""Of a call, in order."""

Parts = tuple[Array, ...]
"""All operands but the states."""

Run = Callable[[int, Parts, Array], Array]
"""So many outer steps, of these parameters, from these states."""


def parts_of(
    name: str,
    loop: LatticeLoop,
    network: LatticeParams,
    norm: LatticeParams,
    states: Float[Array, "batch *cells"],
) -> tuple[Parts, Array]:
    """The operands of a call, all in one type.

    Raises:
        ValueError: a type that the kernels do not compute in.
    """
    dtype = jnp.result_type(states, *network.values())
    require(
        dtype in DTYPES,
        f"the {name} kernel computes in float32 and float64, not {dtype}; convert the "
        "parameters, or use the kernel 'shifted'",
    )
    cast = {key: jnp.asarray(value, dtype) for key, value in network.items()}
    # A gated cell has no scale: an array without entries, in the bias's shape.
    none = jnp.zeros((*cast["bias"].shape[:-4], *loop.lattice.shape[:-1], 0), dtype)
    scale = cast.get("residual_scale", none)
    parts = (cast["weight"], cast["bias"], scale, norm["weight"], norm["bias"])
    return tuple(jnp.asarray(part, dtype) for part in parts), states.astype(dtype)


def in_segments(loop: LatticeLoop, run: Run, parts: Parts, states: Array) -> Array:
    """All outer steps in several pieces that are computed twice, about as many as each is long."""
    total, is_each = loop.outer_steps, not loop.shares_weights
    length = max(1, round(total**0.5))
    count, rest = divmod(total, length)
    network, norm = parts[:3], parts[3:]

    def of_steps(part: Array, first: int, last: int) -> Array:
        return part[first:last] if is_each else part

    # A loop, since XLA would find equal calls side by side and compute them once after all.
    first = [of_steps(part, 0, count * length) for part in network]
    cut = [part.reshape(count, length, *part.shape[1:]) if is_each else None for part in first]

    def segment(states: Array, own: list[Array | None]) -> tuple[Array, None]:
        mine = [part if one is None else one for part, one in zip(network, own, strict=True)]
        return run(length, (*mine, *norm), states), None

    states, _ = jax.lax.scan(jax.checkpoint(segment, prevent_cse=False), states, cut, length=count)
    if rest == 0:
        return states
    last = tuple(of_steps(part, count * length, total) for part in network)
    return run(rest, (*last, *norm), states)


def cell_and_schedule(
    name: str, loop: LatticeLoop
) -> tuple[NeighbourMix | GatedNeighbourMix, Blocked]:
    """Both, in the types that a kernel's `refusal` has made sure of."""
    cell, schedule = loop.cell, loop.schedule
    if not isinstance(schedule, Blocked) or not isinstance(cell, NeighbourMix | GatedNeighbourMix):
        raise ValueError(f"the {name} kernel does not know {cell} under {schedule}")
    return cell, schedule
