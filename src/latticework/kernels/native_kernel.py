"""The compiled kernels: C++, lanes are examples, threads over the batch."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from latticework.cells import LeakyTanh
from latticework.core.byte_encoding import ByteEncoding
from latticework.core.cell import CellParams
from latticework.core.checks import require
from latticework.core.learner import FusedSteps, Updates
from latticework.core.readout import AbstractCountedReadout
from latticework.kernels import border, native_tables
from latticework.kernels.base import AbstractKernel, Problem
from latticework.kernels.extension import why_unavailable
from latticework.readouts import OutputCode, PortSum
from latticework.rules import Bptt, Broadcast, HopTrace, Message, Rtrl
from latticework.schedules import Wavefront

GROUPS = ("log_tau", "weight", "bias")
_DTYPES = (jnp.float32, jnp.float64)
_COMPILED = ((LeakyTanh,), (Wavefront,), (PortSum, OutputCode))


@dataclass(frozen=True)
class NativeKernel(AbstractKernel):
    """C++ for `bptt`, `rtrl` and `hop_trace` on leaky tanh cells, any wiring.

    `rtrl` is computed as `bptt`: the two are the same gradient. `hop_trace` is an adjoint with one
    level per hop wherever hops are levels, and forward traces otherwise or under noise; noise has
    the distribution of the reference's, not its draws. Results do not depend on the number of
    threads.

    Args:
        problem: what to compute.
        num_threads: 0 for as many as `LATTICEWORK_THREADS` says, else as there are cores.
        simd: "auto" for what `LATTICEWORK_SIMD` says, else the best; "avx512", "avx2", "baseline".

    Raises:
        ValueError: when the kernel does not apply to the problem, or cannot be had.
    """

    name: ClassVar[str] = "native"
    problem: Problem
    num_threads: int = 0
    simd: str = "auto"

    def __post_init__(self) -> None:
        reason = self.refusal(self.problem)
        require(reason is None, f"the native kernel does not apply: {reason}")
        require(self.num_threads >= 0, f"num_threads is {self.num_threads}, expected 0 or more")

    @classmethod
    def refusal(cls, problem: Problem) -> str | None:
        """Other parts than the leaky family's, or no extension."""
        network, rule = problem.network, problem.rule
        parts = (network.cell, network.schedule, network.readout)
        for part, known in zip(parts, _COMPILED, strict=True):
            if type(part) not in known:
                names = " and ".join(cls.__name__ for cls in known)
                return f"it is compiled for {names}, not {type(part).__name__}"
        if type(rule) not in (Bptt, Rtrl, HopTrace):
            return f"it computes bptt, rtrl and hop_trace, not {type(rule).__name__}"
        if isinstance(rule, HopTrace) and type(rule.signal) not in (Message, Broadcast):
            return f"it knows the signals message and broadcast, not {type(rule.signal).__name__}"
        return why_unavailable()

    def updates(
        self,
        params: CellParams,
        inputs: Float[Array, "seed batch time channel"],
        targets: Int[Array, "seed batch"],
        key: Array | None = None,
    ) -> Updates:
        """The rule's direction, averaged over the batch."""
        dtype, num_seeds = _dtype(params), targets.shape[0]
        scalar = jax.ShapeDtypeStruct((num_seeds,), dtype)
        own = {name: params[name] for name in GROUPS}
        found = border.call(
            "latticework_update",
            own
            | {
                "inputs": inputs,
                "targets": self._classes(targets),
                "key": self._key_words(key, num_seeds),
            },
            _like(own, "d_") | {"loss": scalar, "correct": scalar},
            {
                "feedback": native_tables.feedback(self.problem),
                **self._attributes(native_tables.trace_hops(self.problem)),
            },
            vmap_method="broadcast_all",
        )
        direction = {name: found[f"d_{name}"] for name in GROUPS}
        return Updates(direction, found["loss"], found["correct"])

    def scores(
        self, params: CellParams, inputs: Float[Array, "batch time channel"]
    ) -> Float[Array, "seed batch class"]:
        """Readouts summed over time."""
        dtype = _dtype(params)
        shape = (len(params["bias"]), len(inputs), self.problem.network.wiring.num_classes)
        found = border.call(
            "latticework_score",
            {name: params[name] for name in GROUPS} | {"inputs": inputs},
            {"scores": jax.ShapeDtypeStruct(shape, dtype)},
            self._attributes(None),
            vmap_method="broadcast_all",
        )
        return found["scores"]

    def fused_refusal(self) -> str | None:
        """Why there is no fused loop for the problem, in one sentence; None when there is one."""
        rule = self.problem.rule
        if isinstance(rule, HopTrace) and rule.is_random:
            return "noise is drawn per batch, and the fused loop knows none"
        if native_tables.needs_traces(self.problem):
            return "some cells are joined by paths of different lengths, so hops are not levels"
        return None

    def fused_sgd(self, step_sizes: Mapping[str, float], encoding: ByteEncoding) -> FusedSteps:
        """Plain SGD with batch size 1, many steps in one call.

        One example after the other: forward, direction, `theta -= step_sizes[group] * direction`.
        Lanes are time steps; seeds go to different threads.

        Args:
            step_sizes: for "log_tau", "weight" and "bias".
            encoding: which byte of an example each channel shows at each step, and what bytes mean.

        Raises:
            ValueError: when the problem has no such loop, or the network has other channels.
        """
        reason = self.fused_refusal()
        require(reason is None, f"there is no fused loop: {reason}")
        channels = self.problem.network.wiring.num_channels
        require(
            encoding.num_channels == channels,
            f"the encoding shows {encoding.num_channels} channels, and the network has {channels}",
        )
        return functools.partial(self._train, step_sizes, encoding)

    def _train(
        self,
        step_sizes: Mapping[str, float],
        encoding: ByteEncoding,
        params: CellParams,
        inputs: Array,
        targets: Array,
        order: Array,
        start: Array,
        stop: Array,
    ) -> tuple[CellParams, Array, Array]:
        """Steps `start..stop-1`; see `core.learner.FusedSteps`."""
        dtype = _dtype(params)
        num_examples, num_seeds = inputs.shape[0], order.shape[0]
        pixels = inputs.reshape(num_examples, -1)
        require(
            inputs.dtype == jnp.uint8,
            f"the fused loop takes bytes; got {inputs.dtype} of shape {inputs.shape}",
        )
        own = {name: params[name] for name in GROUPS}
        scalar = jax.ShapeDtypeStruct((num_seeds,), dtype)
        data = {
            "pixels": pixels,
            "targets": self._classes(targets),
            "order": order,
            "table": jnp.asarray(encoding.values, dtype),
            "bounds": jnp.stack([start, stop]).astype(jnp.int32),
        }
        # One epoch is one long call, so there is nothing to gain from batching calls.
        found = border.call(
            "latticework_train",
            own | data,
            _like(own, "new_") | {"loss": scalar, "correct": scalar},
            {
                "feedback": native_tables.feedback(self.problem),
                "step_sizes": np.array([step_sizes[name] for name in GROUPS], np.float64),
                "layout": self._layout(encoding, pixels.shape[1]),
                **self._attributes(None),
            },
            vmap_method="sequential",
        )
        new = {name: found[f"new_{name}"] for name in GROUPS}
        return new, found["loss"], found["correct"]

    def _attributes(self, trace_hops: int | None) -> dict:
        return {
            "plan": self._plan(trace_hops),
            "options": native_tables.options(self.problem, self.num_threads),
            "simd": self.simd,
        }

    @staticmethod
    def _layout(encoding: ByteEncoding, num_bytes: int) -> np.ndarray:
        """Steps, bytes of an example, values, codes."""
        codes = encoding.table()
        return np.array(
            [len(codes), num_bytes, len(encoding.values), *codes.ravel()], dtype=np.int32
        )

    def _plan(self, trace_hops: int | None) -> np.ndarray:
        network = self.problem.network
        readout = network.readout
        if not isinstance(readout, AbstractCountedReadout):
            raise ValueError(f"{type(readout).__name__} is not compiled")
        return native_tables.plan(network.wiring, readout, trace_hops)

    @staticmethod
    def _classes(targets: Array) -> Array:
        """Classes as int32: what is no class stays none, however wide its numbers."""
        if targets.dtype == jnp.int32 or not jnp.issubdtype(targets.dtype, jnp.integer):
            return targets
        given, taken = jnp.iinfo(targets.dtype), jnp.iinfo(jnp.int32)
        low, high = max(int(given.min), int(taken.min)), min(int(given.max), int(taken.max))
        return jnp.clip(targets, low, high).astype(jnp.int32)

    def _key_words(self, key: Array | None, num_seeds: int) -> Array:
        """Two words per seed for the counter-based generator."""
        rule = self.problem.rule
        if not (isinstance(rule, HopTrace) and rule.is_random):
            return jnp.zeros((num_seeds, 2), jnp.uint32)
        if key is None:
            raise ValueError("noise needs random keys; pass one key per seed")
        return jax.vmap(lambda k: jax.random.bits(k, (2,), jnp.uint32))(key.reshape(num_seeds))


def _like(arrays: CellParams, prefix: str) -> dict[str, jax.ShapeDtypeStruct]:
    """Results in the shapes of arrays."""
    return {prefix + name: jax.ShapeDtypeStruct(a.shape, a.dtype) for name, a in arrays.items()}


def _dtype(params: CellParams) -> np.dtype:
    """The precision of the parameters."""
    dtype = jnp.result_type(*params.values())
    if dtype not in _DTYPES:
        raise ValueError(
            f"the native kernel computes in float32 and float64, not {dtype}; "
            "convert the parameters, or use the kernel 'reference'"
        )
    return dtype
