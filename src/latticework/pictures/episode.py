"""What a network did while one sequence streamed in."""

from collections.abc import Mapping
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from latticework.core.checks import require
from latticework.core.network import Network
from latticework.core.topology import Wiring


@dataclass(frozen=True, eq=False)
class Episode:
    """One sequence and the activity that it caused; time comes first.

    Args:
        wiring: the lattice.
        inputs: `[time, channel]`.
        outputs: `[time, cell]`.
        scores: `[time, class]`, readouts summed up to and with that step.
        target: the true class, if known.
    """

    wiring: Wiring
    inputs: np.ndarray
    outputs: np.ndarray
    scores: np.ndarray
    target: int | None

    @property
    def num_steps(self) -> int:
        """Length of the sequence."""
        return len(self.inputs)

    @property
    def prediction(self) -> int:
        """The class with the first highest score at the end."""
        return int(self.scores[-1].argmax())

    def moments(self, most: int) -> list[int]:
        """At most so many steps, evenly spread, the last one always among them."""
        count = min(most, self.num_steps)
        last = np.linspace(self.num_steps / count, self.num_steps, count)
        return (np.unique(last.round().astype(int)) - 1).tolist()

    def telling_moments(self, most: int) -> list[int]:
        """At most so many steps, spread from the first at which much enters to the last one."""
        strength = np.abs(self.inputs).max(axis=1)
        busy = np.flatnonzero(strength > 0.25 * strength.max())
        if not len(busy):
            return self.moments(most)
        spread = np.linspace(self.num_steps - 1, busy[0], most).round().astype(int)
        return sorted(set(spread.tolist()))

    def verdict(self) -> str:
        """Truth and prediction in words."""
        truth = "" if self.target is None else f"true class {self.target}, "
        return f"{truth}predicted {self.prediction}"


def record(
    network: Network,
    params: Mapping[str, np.ndarray],
    inputs: np.ndarray,
    target: int | None = None,
) -> Episode:
    """Run a network on one sequence and keep what it did.

    Args:
        network: the network.
        params: of one seed, `[cell]` and `[cell, slot]`.
        inputs: `[time, channel]`, encoded as in training.
        target: the true class, if known.

    Raises:
        ValueError: arguments that do not fit the network, or values that are not finite.
    """
    inputs = np.asarray(inputs)
    require(
        inputs.ndim == 2 and inputs.shape[0] > 0,
        f"the sequence to draw has shape {inputs.shape}, expected (time, channel), one example "
        "with at least one step",
    )
    network.check_inputs(inputs.shape)
    classes = network.wiring.num_classes
    require(
        target is None or 0 <= target < classes,
        f"the true class is {target}, expected 0..{classes - 1}",
    )
    params = checked_params(network.wiring, params)
    dtype = np.result_type(*params.values())
    activity = jax.jit(network.forward)(
        {name: jnp.asarray(value, dtype) for name, value in params.items()},
        jnp.asarray(inputs, dtype),
    )
    outputs, readouts = np.asarray(activity.outputs), np.asarray(activity.readouts)
    require(
        bool(np.isfinite(outputs).all()),
        "the network's outputs are not finite with these parameters, so there is nothing to draw; "
        "take the parameters of an earlier checkpoint",
    )
    return Episode(network.wiring, inputs.astype(float), outputs, readouts.cumsum(axis=0), target)


def checked_params(wiring: Wiring, params: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Parameters as arrays of one seed.

    Raises:
        ValueError: a parameter that is neither per cell nor per slot.
    """
    arrays = {name: np.asarray(value) for name, value in params.items()}
    require(bool(arrays), "there are no parameters to draw; expected a dictionary of arrays")
    allowed = ((wiring.num_cells,), (wiring.num_cells, wiring.num_slots))
    for name, array in arrays.items():
        require(
            array.shape in allowed,
            f"parameter {name!r} has shape {array.shape}, expected {allowed[0]} (cell) or "
            f"{allowed[1]} (cell, slot); for several seeds, take one: value[0]",
        )
    return arrays
