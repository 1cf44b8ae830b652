"""Waves in C++: gathers of what turns on, one search, draws from counters; seeds over threads."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, UInt32

from latticework.core.checks import require
from latticework.kernels import border
from latticework.kernels.extension import why_unavailable
from latticework.kernels.wave_problem import (
    AbstractWaveKernel,
    WaveProblem,
    WaveResult,
    Weights,
    example_number,
)
from latticework.kernels.wave_tables import wave_tables
from latticework.rules.stdp import Stdp


@dataclass(frozen=True)
class NativeWaveKernel(AbstractWaveKernel):
    """Any wiring with `stdp`, in float32; the same draws as the reference.

    Results do not depend on the number of threads. They equal the reference's bit for bit where
    sums of weights are exact; elsewhere a drive that meets its threshold to the last bit may
    round to the other side.

    Args:
        problem: what to compute.
        num_threads: 0 for as many as `LATTICEWORK_THREADS` says, else as there are cores.
        simd: "auto" for what `LATTICEWORK_SIMD` says, else the best; "avx512", "avx2", "baseline".

    Raises:
        ValueError: when the kernel does not apply to the problem, or cannot be had.
    """

    name: ClassVar[str] = "native"
    problem: WaveProblem
    num_threads: int = 0
    simd: str = "auto"

    def __post_init__(self) -> None:
        reason = self.refusal(self.problem)
        require(reason is None, f"the native kernel does not apply: {reason}")
        require(self.num_threads >= 0, f"num_threads is {self.num_threads}, expected 0 or more")

    @classmethod
    def refusal(cls, problem: WaveProblem) -> str | None:
        """Another rule than stdp, another device than the CPU, or no extension."""
        for link in problem.wiring.links:
            if link.rule is not None and type(link.rule) is not Stdp:
                return f"it knows the rule stdp, not {type(link.rule).__name__}"
        if not problem.wiring.links:
            return "it computes links, and this wiring has none"
        return why_unavailable()

    def run(
        self,
        weights: Weights,
        trains: UInt32[Array, "shown example wave channel"],
        keys: UInt32[Array, "seed 2"],
        first: Array | int,
        *,
        learns: bool,
        record: tuple[str, ...] | None = None,
    ) -> WaveResult:
        """One call for all seeds and examples."""
        problem = self.problem
        wanted = problem.wiring.read if record is None else record
        names = list(problem.wiring.blocks)
        num_seeds = weights[names[0]].shape[0]
        for name in names:
            require(
                weights[name].dtype == jnp.float32,
                f"the native kernel computes in float32, not {weights[name].dtype}; use the "
                "kernel 'reference'",
            )
        flat = jnp.concatenate([weights[name].reshape(num_seeds, -1) for name in names], axis=1)
        table, numbers = wave_tables(problem, wanted)
        units = sum(problem.sizes[name] for name in wanted)
        found = border.call(
            "latticework_waves",
            {
                "weights": flat,
                "trains": trains,
                "keys": keys,
                "first": jnp.reshape(example_number(first), 1),
            },
            {
                "new_weights": jax.ShapeDtypeStruct(
                    (num_seeds, flat.shape[1] if learns else 0), jnp.float32
                ),
                "seen": jax.ShapeDtypeStruct((num_seeds, *trains.shape[1:3], units), jnp.uint32),
            },
            {
                "plan": table,
                "numbers": numbers,
                "num_threads": np.int32(self.num_threads),
                "simd": self.simd,
            },
            vmap_method="sequential",
        )
        new, seen = found["new_weights"], found["seen"]
        if not learns:
            return WaveResult(weights, seen)
        after, at = {}, 0
        for name in names:
            size = int(np.prod(weights[name].shape[1:]))
            after[name] = new[:, at : at + size].reshape(weights[name].shape)
            at += size
        return WaveResult(after, seen)
