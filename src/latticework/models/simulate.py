"""Run a wiring of columns on spike trains: the short way for a network of one's own."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, UInt32

from latticework.core.checks import require
from latticework.core.seeds import key_of, own_draws
from latticework.kernels.wave_choice import AUTO, choose_wave_kernel
from latticework.kernels.wave_problem import WaveProblem, Weights
from latticework.schedules import Wave
from latticework.topologies import Columns


class Simulation(NamedTuple):
    """What a network did.

    Args:
        weights: after the last example, `[source, target]` by link.
        trains: `[example, wave, unit]` by population; bit t of a train is step t.
    """

    weights: Weights
    trains: dict[str, np.ndarray]


@own_draws()
def simulate(
    wiring: Columns,
    trains: UInt32[Array, "example wave channel"],
    *,
    schedule: Wave | None = None,
    weights: Weights | None = None,
    seed: int = 0,
    learns: bool = False,
    kernel: str = AUTO,
) -> Simulation:
    """Show examples to a network, one after the other, and return everything that it did.

    Args:
        wiring: the network.
        trains: what its channels do, as a spike code makes them.
        schedule: length of a wave and semantics; the published ones if None.
        weights: to start from; drawn from `seed` if None.
        seed: of weights and draws.
        learns: whether links with a rule learn.
        kernel: "auto", or one of `kernels.wave_choice.WAVE_KERNELS`.

    Raises:
        ValueError: the wiring does not hold together, the trains have another number of channels
            or reach beyond a wave, or weights have another shape or lie outside their rule's
            limits.
    """
    shown = np.asarray(trains)
    require(
        shown.ndim == 3 and shown.dtype == np.uint32,
        f"spike trains are {shown.dtype} of shape {shown.shape}, expected uint32 [example, wave, "
        "channel]; a spike code makes them from pixels",
    )
    problem = WaveProblem(wiring, schedule or Wave(), shown.shape[2])
    problem.check_trains(shown)
    key = key_of(seed)
    start = wiring.init(jax.random.fold_in(key, 0), shown.shape[2]) if weights is None else weights
    problem.check_weights(start)
    draws = jax.random.bits(jax.random.fold_in(key, 1), (1, 2), jnp.uint32)
    names = wiring.populations
    result = choose_wave_kernel(problem, kernel).run(
        {name: jnp.asarray(value)[None] for name, value in start.items()},
        jnp.asarray(shown)[None],
        draws,
        jnp.uint32(0),
        learns=learns,
        record=names,
    )
    ends = np.cumsum([problem.sizes[name] for name in names])
    parts = np.split(np.asarray(result.trains[0]), ends[:-1], axis=-1)
    after = {name: value[0] for name, value in result.weights.items()}
    return Simulation(after, dict(zip(names, parts, strict=True)))
