"""How columns of levels settle: synchronous steps with noise, snapshots, masks."""

from dataclasses import dataclass, field
from typing import Literal, get_args

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from latticework.core.checks import require

Update = Literal["sum", "average"]


@dataclass(frozen=True)
class Snapshots:
    """Earlier states that are added back: residual connections over many steps.

    Snapshot r has the period p_r = num_steps // divisors[r], at least 1. All begin as the initial
    state. After the update of step t, for r in order: if t mod p_r = 0, the state becomes
    s + factor snap_r and then snap_r becomes s. After the last step factor times the sum of all
    snapshots is added. The published program divides by zero below 8 steps; here the period is 1.

    Args:
        divisors: one per snapshot; () for none.
        factor: how much of a snapshot is added.

    Reference: RedRyan111, github.com/RedRyan111/GLOM (2021).
    """

    divisors: tuple[int, ...] = (2, 4, 8)
    factor: float = 0.1

    def __post_init__(self) -> None:
        require(
            all(divisor >= 1 for divisor in self.divisors),
            f"snapshot divisors are {self.divisors}, expected whole numbers from 1 up",
        )

    def fires(self, num_steps: int, count: int | None = None) -> np.ndarray:
        """`[step, snapshot]`: whether snapshot r is added and taken at step t.

        Args:
            num_steps: decides the periods.
            count: how many steps to tell of, `num_steps` unless given.
        """
        periods = [max(1, num_steps // divisor) for divisor in self.divisors]
        steps = np.arange(num_steps if count is None else count)
        return steps[:, None] % np.array(periods, int).reshape(1, -1) == 0

    def start(self, state: Array) -> tuple[Array, ...]:
        """All snapshots before the first step."""
        return (state,) * len(self.divisors)

    def apply(
        self,
        state: Array,
        held: tuple[Array, ...],
        fires: Bool[Array, " snapshot"] | Bool[np.ndarray, " snapshot"],
    ) -> tuple[Array, tuple[Array, ...]]:
        """The state and the snapshots after one step.

        Where `fires` is a numpy array, what does not fire costs nothing.
        """
        kept = []
        for number, snapshot in enumerate(held):
            if isinstance(fires, np.ndarray) and not fires[number]:
                kept.append(snapshot)
                continue
            gain = jnp.where(fires[number], self.factor, 0.0).astype(state.dtype)
            state = state + gain * snapshot
            kept.append(jnp.where(fires[number], state, snapshot))
        return state, tuple(kept)

    def finish(self, state: Array, held: tuple[Array, ...]) -> Array:
        """The state after the last step, all snapshots added."""
        return state + jnp.asarray(self.factor, state.dtype) * sum(held) if held else state


@dataclass(frozen=True)
class Settling:
    """Synchronous steps of all sites and levels.

    A step adds what the nets say ("sum", as published), or takes the mean of the previous vector,
    each net that writes the level and, where there is one, the consensus ("average", as in
    Hinton's paper). Then come noise, masks and snapshots.

    Args:
        num_steps: steps per image.
        min_steps: while learning, the number of steps is drawn from min_steps..num_steps for each
            batch; None for always num_steps.
        update: "sum" or "average".
        snapshots: residual connections.
        noise: while learning, `noise * u` with u from [0, 1) is added at every step.
        initial_scale: levels above the first begin as `initial_scale * u`.
        refeed: whether the bottom level is the image at every step, or only before the first.
        fire_rate: while learning, the probability that a site is updated at a step; 1 for all.
        alive_above: sites with no pixel above this in their 3 x 3 neighbourhood never change, and
            neither count in the loss nor vote; None: all sites live.

    Raises:
        ValueError: a value is out of range.

    References: RedRyan111, github.com/RedRyan111/GLOM (2021); A. Mordvintsev et al., Growing Neural
    Cellular Automata (2020) for fire_rate and alive_above; G. Hinton, arXiv:2102.12627.
    """

    num_steps: int = 30
    min_steps: int | None = None
    update: Update = "sum"
    snapshots: Snapshots = field(default_factory=Snapshots)
    noise: float = 1e-4
    initial_scale: float = 0.1
    refeed: bool = False
    fire_rate: float = 1.0
    alive_above: float | None = None

    def __post_init__(self) -> None:
        require(self.num_steps >= 1, f"num_steps is {self.num_steps}, expected 1 or more")
        require(
            self.min_steps is None or 1 <= self.min_steps <= self.num_steps,
            f"min_steps is {self.min_steps}, expected a whole number from 1 to num_steps, "
            f"{self.num_steps}",
        )
        require(
            self.update in get_args(Update),
            f"update is {self.update!r}, expected one of {', '.join(get_args(Update))}",
        )
        require(self.noise >= 0, f"noise is {self.noise}, expected 0 or more")
        require(
            0 < self.fire_rate <= 1, f"fire_rate is {self.fire_rate}, expected a number in (0, 1]"
        )


def alive(ink: Float[Array, "... row col"], threshold: float | None) -> Bool[Array, "... row col"]:
    """Sites with more than `threshold` ink in their 3 x 3 neighbourhood, the plane closed up."""
    if threshold is None:
        return jnp.ones(ink.shape, bool)
    found = ink > jnp.asarray(threshold, ink.dtype)
    for axis in (-2, -1):
        found = found | jnp.roll(found, 1, axis) | jnp.roll(found, -1, axis)
    return found
