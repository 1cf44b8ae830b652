"""Ways to run the outer steps of a lattice, and the choice among them."""

import abc
from dataclasses import dataclass
from typing import ClassVar

import jax
from jaxtyping import Array, Float

from latticework.cells import GatedNeighbourMix, NeighbourMix
from latticework.core.checks import require
from latticework.core.lattice import LatticeParams
from latticework.core.lattice_loop import LatticeLoop
from latticework.schedules import Blocked
from latticework.topologies import Lattice


class AbstractLoopKernel(abc.ABC):
    """Runs all outer steps for a batch; differentiable, parity-tested, pure, jittable.

    Concrete kernels are dataclasses made from a loop, and raise ValueError when they do not apply
    to it.
    """

    name: ClassVar[str]

    @classmethod
    @abc.abstractmethod
    def refusal(cls, loop: LatticeLoop) -> str | None:
        """Why this kernel cannot run `loop`, in one sentence; None when it can."""

    @abc.abstractmethod
    def run(
        self, network: LatticeParams, norm: LatticeParams, states: Float[Array, "batch *cells"]
    ) -> Float[Array, "batch *cells"]:
        """The states after the last outer step."""


@dataclass(frozen=True)
class ReferenceLoop(AbstractLoopKernel):
    """The definition, mapped over the batch; autodiff. Runs everything.

    Args:
        loop: what to run.
        remat: whether the backward pass keeps no more than the state of each outer step.
    """

    name: ClassVar[str] = "reference"
    loop: LatticeLoop
    remat: bool = False

    @classmethod
    def refusal(cls, loop: LatticeLoop) -> str | None:
        """Nothing is refused."""
        del loop
        return None

    def run(
        self, network: LatticeParams, norm: LatticeParams, states: Float[Array, "batch *cells"]
    ) -> Float[Array, "batch *cells"]:
        """The states after the last outer step."""
        return jax.vmap(lambda state: self.loop.run(network, norm, state, remat=self.remat))(states)


def require_applies(kernel: type[AbstractLoopKernel], loop: LatticeLoop) -> None:
    """Raise ValueError, with the reason, unless `kernel` can run `loop`."""
    reason = kernel.refusal(loop)
    require(reason is None, f"the kernel {kernel.name!r} does not apply: {reason}")


def cube_refusal(loop: LatticeLoop, made: str) -> str | None:
    """Why a kernel `made` for neighbour mixes on blocks of a cube cannot run `loop`; else None."""
    lattice, schedule = loop.lattice, loop.schedule
    if type(loop.cell) not in (NeighbourMix, GatedNeighbourMix):
        return f"it is {made} for neighbour mixes, not {type(loop.cell).__name__}"
    if not isinstance(schedule, Blocked):
        return f"it is {made} for Blocked, not {type(schedule).__name__}"
    if (
        not isinstance(lattice, Lattice)
        or len(lattice.shape) != 3
        or lattice.is_torus
        or (lattice.neighbourhood, lattice.radius) != ("moore", 1)
    ):
        return f"it is {made} for three-dimensional Moore lattices of radius 1 with an edge"
    if loop.outer_steps < 1 or schedule.inner_steps < 1:
        return "there is no step to take"
    return None
