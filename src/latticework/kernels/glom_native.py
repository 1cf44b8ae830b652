"""The nets of GLOM in C++: lanes are sites, threads over the images of a batch."""

import functools
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from latticework.cells.consensus import AbstractAttention
from latticework.cells.level_nets import LevelNets, NetParams
from latticework.core.checks import require
from latticework.core.counter_bits import keep_threshold
from latticework.kernels import border
from latticework.kernels.extension import why_unavailable
from latticework.kernels.glom_base import AbstractDelta

GROUPS = ("weight1", "bias1", "weight2", "bias2", "weight3", "bias3")
MOST_CHANNELS = 64


@dataclass(frozen=True)
class NativeDelta(AbstractDelta):
    """All nets of a strip of sites at a time, masks drawn on the way; float32.

    Forward and backward recompute everything from the state. Results do not depend on the number
    of threads.

    Args:
        num_threads: 0 for as many as `LATTICEWORK_THREADS` says, else as there are cores.
        simd: "auto", or the name of a SIMD level.

    Raises:
        ValueError: when it does not apply, or cannot be had.
    """

    name: ClassVar[str] = "native"
    is_one_call: ClassVar[bool] = True
    num_threads: int = 0
    simd: str = "auto"

    def __post_init__(self) -> None:
        reason = self.refusal(self.nets, self.attention)
        require(reason is None, f"the native kernel does not apply: {reason}")

    @classmethod
    def refusal(cls, nets: LevelNets, attention: AbstractAttention) -> str | None:
        """Attention, coordinates, another device, or no extension."""
        if attention.is_used:
            return "it reads neighbours as they are, without attention"
        if nets.coordinates:
            return "it knows no coordinates"
        if nets.vector_length > MOST_CHANNELS:
            return f"vectors have at most {MOST_CHANNELS} entries, not {nets.vector_length}"
        return why_unavailable()

    def __call__(
        self,
        params: NetParams,
        state: Float[Array, "level channel batch row col"],
        seed: Array | None,
    ) -> Float[Array, "level channel batch row col"]:
        """What the nets add."""
        params = {name: params[name] for name in GROUPS}
        for value in (state, *params.values()):
            if value.dtype != np.float32:
                raise ValueError(
                    f"the native kernel computes in float32, not {value.dtype}; convert the "
                    "arrays, or use the kernel 'xla'"
                )
        word = jnp.zeros((), jnp.uint32) if seed is None else seed
        return _delta(self, seed is not None, params, state, word)

    def attributes(self, drops: bool) -> dict[str, Any]:
        """What the C++ is told beside the arrays."""
        nets = self.nets
        threshold = keep_threshold(nets.dropout) if drops else 0
        numbers = (nets.scale, threshold, 1 / (1 - nets.dropout), self.num_threads)
        return {
            "reads": np.array([net.reads for net in nets.nets], np.int32),
            "writes": np.array([net.writes for net in nets.nets], np.int32),
            "numbers": np.array(numbers, np.float64),
            "simd": self.simd,
        }


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _delta(path: NativeDelta, drops: bool, params: NetParams, state: Array, seed: Array) -> Array:
    found = border.call(
        "latticework_glom",
        params | {"state": state, "seed": seed},
        {"delta": _like(state)},
        path.attributes(drops),
        vmap_method="sequential",
    )
    return found["delta"]


def _forward(path: NativeDelta, drops: bool, params: NetParams, state: Array, seed: Array):
    return _delta(path, drops, params, state, seed), (params, state, seed)


def _backward(path: NativeDelta, drops: bool, kept: tuple, cotangent: Array):
    params, state, seed = kept
    found = border.call(
        "latticework_glom_back",
        params | {"state": state, "seed": seed, "cotangent": cotangent},
        {f"d_{name}": _like(value) for name, value in (params | {"state": state}).items()},
        path.attributes(drops),
        vmap_method="sequential",
    )
    by_params = {name: found[f"d_{name}"] for name in GROUPS}
    return by_params, found["d_state"], np.zeros(np.shape(seed), jax.dtypes.float0)


_delta.defvjp(_forward, _backward)


def _like(array: Array) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(array.shape, array.dtype)
