"""What the tests of the compiled kernels share: random wirings, and who is compared with whom."""

import dataclasses
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st

from latticework.core.network import Network
from latticework.core.topology import NOTHING, AbstractTopology, Wiring
from latticework.kernels import Problem
from latticework.kernels.extension import extension
from latticework.kernels.native_kernel import NativeKernel
from latticework.kernels.reference import ReferenceKernel
from latticework.readouts import OutputCode
from latticework.topologies import Diagonal, Grid, RingLayers, SmallWorld, Tree, Windows
from support.probe import jit, network_on

QUICK = settings(phases=(Phase.explicit, Phase.reuse, Phase.generate))
"""Every example compiles something, so failures are not shrunk."""

needs_extension = pytest.mark.needs("compiled kernels")


def level_names() -> list[str]:
    """The SIMD levels that this machine has; none without the extension."""
    found = extension()
    return [] if isinstance(found, str) else found.levels()


def levels() -> list:
    """The SIMD levels that this machine has, as pytest parameters."""
    return [pytest.param(name, marks=needs_extension) for name in level_names() or ["none"]]


@dataclass(frozen=True)
class Scattered(AbstractTopology):
    """Cells wired at random: any fan-in, slots left empty, cells read by several classes."""

    num_cells: int
    num_slots: int
    num_channels: int
    num_classes: int
    members: int
    seed: int

    def build(self) -> Wiring:
        rng = np.random.default_rng(self.seed)
        shape = (self.num_cells, self.num_slots)
        number = np.arange(self.num_cells)[:, None]
        kind = rng.choice(3, shape, p=(0.55, 0.3, 0.15))
        pred = np.where(
            (kind == 0) & (number > 0), (rng.random(shape) * number).astype(int), NOTHING
        )
        channel = np.where(kind == 1, rng.integers(0, self.num_channels, shape), NOTHING)
        ports = rng.integers(0, self.num_cells, (self.num_classes, self.members))
        return Wiring(
            pred=pred,
            channel=channel,
            readout_ports=ports,
            num_channels=self.num_channels,
            has_weight=(pred >= 0) | (channel >= 0) | (rng.random(shape) < 0.5),
            coordinates=rng.random((self.num_cells, 2)),
        )


def topologies() -> st.SearchStrategy[AbstractTopology]:
    """Small wirings of every kind; half of them random."""
    small = st.integers(1, 4)
    seed = st.integers(0, 2**16)
    return st.one_of(
        st.builds(Scattered, st.integers(1, 14), st.integers(1, 5), small, small, small, seed),
        st.builds(Scattered, st.integers(8, 14), st.integers(2, 3), small, small, small, seed),
        st.builds(Grid, small, small),
        st.builds(SmallWorld, st.just(4), st.just(3), st.integers(0, 9), seed),
        st.builds(Tree, st.integers(2, 6), st.integers(1, 3), seed),
        st.builds(lambda n, c, m: Diagonal(n * m, c, n), small, st.integers(1, 5), small),
        st.builds(
            lambda fan_in, classes: RingLayers((5, 6, 7), fan_in, (1, 2), 5, classes),
            small,
            small,
        ),
        st.builds(
            lambda fan_in, clock, n: Windows(9, fan_in, 1, n, 4, n, clock, n),
            small,
            st.booleans(),
            small,
        ),
    )


@dataclass(frozen=True)
class Sizes:
    """How much of everything."""

    num_seeds: int
    batch: int
    num_steps: int
    seed: int


def sizes() -> st.SearchStrategy[Sizes]:
    """One example and many, whole blocks and not, short and long."""
    return st.builds(
        Sizes,
        st.integers(1, 3),
        st.sampled_from((1, 2, 5, 8, 16, 17, 33)),
        st.sampled_from((1, 2, 7, 16, 19)),
        st.integers(1, 3),
    )


def drawn(topology: AbstractTopology, size: Sizes) -> tuple[Network, dict, jax.Array, jax.Array]:
    """A network, float64 parameters `[seed, ...]`, inputs and targets; some read by a code."""
    network = network_on(topology)
    if size.seed == 3:
        network = dataclasses.replace(network, readout=OutputCode(gain=0.7, seed=size.batch))
    keys = jax.random.split(jax.random.key(size.seed), size.num_seeds)
    each = [network.init(key) for key in keys]
    params = jax.tree.map(lambda *leaves: jnp.stack(leaves).astype(jnp.float64), *each)
    rng = np.random.default_rng(size.seed)
    lead = (size.num_seeds, size.batch)
    inputs = 1.5 * rng.standard_normal((*lead, size.num_steps, network.wiring.num_channels))
    targets = rng.integers(0, network.wiring.num_classes, lead)
    return network, params, jnp.asarray(inputs), jnp.asarray(targets, jnp.int32)


def reference_of(network: Network, tasks, params, inputs, targets) -> tuple[list, jax.Array]:
    """What the reference says of each task, and its scores, in one compilation."""
    kernels = [ReferenceKernel(Problem(network, *task)) for task in tasks]

    @jit
    def run(params, inputs, targets):
        made = [kernel.updates(params, inputs, targets) for kernel in kernels]
        return made, kernels[0].scores(params, inputs[0])

    return run(params, inputs, targets)


def native_of(network: Network, task, params, inputs, targets, dtype=jnp.float64, **options):
    """The compiled kernel's updates and scores in `dtype`."""
    kernel = NativeKernel(Problem(network, *task), **options)
    params = jax.tree.map(lambda value: value.astype(dtype), params)
    inputs = inputs.astype(dtype)
    return kernel.updates(params, inputs, targets), kernel.scores(params, inputs[0])
