"""The gridnet: a box of cells that an image enters on one face and answers leave on the other."""

from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from latticework.cells import GatedNeighbourMix, NeighbourMix
from latticework.core.checks import require
from latticework.core.lattice import AbstractLatticeCell
from latticework.core.lattice_loop import LatticeLoop
from latticework.core.trees import stacked
from latticework.models.lattice_inputs import AbstractLatticeInput, ImageFace
from latticework.readouts import SlabLinear
from latticework.schedules import Blocked
from latticework.topologies import Lattice

GridnetParams = dict[str, Any]


@dataclass(frozen=True)
class Gridnet:
    """An initial state with the image in it, swept again and again, then read.

        x_0 = input(init_in, image)
        x_{n+1} = LN(sweep_n(x_n))                       plain
        q = LN(x_n); x_{n+1} = x_n + (sweep_n(q) - q)    outer residual
        outputs = readout(x_N)

    The normalisation LN is over all cells of one example, with weights of its own, the same in
    every outer step. The image is written once, before the first step. Parameters: `init_in`,
    `network` (the cell's), `norm`, `readout` and, if the input learns, `patch_emb`.

    Args:
        lattice: cells and who sees whom.
        cell: what one cell computes.
        schedule: blocks and inner steps.
        readout: what is read where.
        image: how the image enters.
        outer_steps: N.
        num_outputs: numbers that are read.
        shares_weights: whether all outer steps have the same weights; otherwise `network` has a
            leading axis of outer steps.
        outer_residual: see above.
        eps: of LN, inside the root.

    Raises:
        ValueError: the parts do not fit each other.

    Reference: unixpickle, gridnet (2024), github.com/unixpickle/gridnet.
    """

    lattice: Lattice = field(default_factory=Lattice)
    cell: AbstractLatticeCell = field(default_factory=NeighbourMix)
    schedule: Blocked = field(default_factory=Blocked)
    readout: SlabLinear = field(default_factory=SlabLinear)
    image: AbstractLatticeInput = field(default_factory=ImageFace)
    outer_steps: int = 64
    num_outputs: int = 10
    shares_weights: bool = True
    outer_residual: bool = False
    eps: float = 1e-5

    def __post_init__(self) -> None:
        _ = self.loop
        require(self.num_outputs >= 1, f"num_outputs is {self.num_outputs}, expected 1 or more")
        self.readout.check(self.lattice)
        self.image.check(self.lattice)

    def init(self, key: Array) -> GridnetParams:
        """Draw parameters, float32: `init_in` from N(0, 1), LN at identity."""
        state_key, cell_key, read_key, image_key = jax.random.split(key, 4)
        shape = self.lattice.shape
        if self.shares_weights:
            network = self.cell.init(cell_key, self.lattice)
        else:
            keys = jax.random.split(cell_key, self.outer_steps)
            each = [self.cell.init(k, self.lattice) for k in keys]
            network = stacked(each)
        params = {
            "init_in": jax.random.normal(state_key, shape, jnp.float32),
            "network": network,
            "norm": {"weight": jnp.ones(shape, jnp.float32), "bias": jnp.zeros(shape, jnp.float32)},
            "readout": self.readout.init(read_key, self.lattice, self.num_outputs),
        }
        learned = self.image.init(image_key)
        return {**params, "patch_emb": learned} if learned else params

    def start(self, params: GridnetParams, image: Array) -> Float[Array, "*cells"]:
        """The state before the first outer step.

        Raises:
            ValueError: the image has another shape.
        """
        expected = self.image.image_shape
        require(
            image.shape == expected,
            f"an image has shape {tuple(image.shape)}, expected {expected}",
        )
        return self.image.write(params.get("patch_emb", {}), params["init_in"], image)

    @property
    def loop(self) -> LatticeLoop:
        """What happens between input and readout."""
        return LatticeLoop(
            self.lattice,
            self.cell,
            self.schedule,
            self.outer_steps,
            self.shares_weights,
            self.outer_residual,
            self.eps,
        )

    def trace(self, params: GridnetParams, image: Array) -> Float[Array, "outer *cells"]:
        """The state after each outer step, for one example."""
        return self.loop.trace(params["network"], params["norm"], self.start(params, image))

    def forward(self, params: GridnetParams, image: Array) -> Float[Array, " output"]:
        """The outputs for one example."""
        last = self.loop.run(params["network"], params["norm"], self.start(params, image))
        return self.readout.read(params["readout"], last)

    @property
    def is_gated(self) -> bool:
        """Whether the cells have a gate."""
        return isinstance(self.cell, GatedNeighbourMix)

    def operations(self) -> int:
        """Floating-point operations of the stencil in one forward pass of one image."""
        per_slot = 4 if self.is_gated else 2
        steps = self.outer_steps * self.schedule.inner_steps
        return per_slot * self.lattice.num_slots * self.lattice.num_cells * steps
