"""Batches shared out over several devices, of this process and of others."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, PyTree

from latticework.core.checks import require
from latticework.core.learner import AbstractLearner
from latticework.core.words import plural
from latticework.train.optimisers import OptimiserConfig

AXIS = "batch"
SAME, CUT = PartitionSpec(), PartitionSpec(AXIS)
"""The same on every device; cut along the first axis."""
Function = TypeVar("Function", bound=Callable)


@dataclass(frozen=True)
class Team:
    """The devices that share every batch.

    Each device holds all parameters, learns from its part of a batch, and takes the same step along
    the mean direction. For a deterministic learner that is the step of one device up to rounding.
    A learner with noise in its learning path draws other noise on every device.

    The devices must be of one kind: all of them decide by their own numbers when to stop.

    Args:
        devices: `jax.Device`, at least one of each process, in the same order in all processes.
    """

    devices: tuple[Any, ...]

    @classmethod
    def of(cls, per_process: int) -> "Team":
        """The first so many devices of each process.

        Raises:
            ValueError: a process has fewer.
        """
        require(per_process >= 1, f"devices is {per_process}, expected 1 or more")
        chosen: list[Any] = []
        for process in range(jax.process_count()):
            found = jax.local_devices(process_index=process)
            require(
                len(found) >= per_process,
                f"asked for {plural(per_process, 'device')}, but process {process} has "
                f"{len(found)}; ask for fewer, or on the CPU set jax_num_cpu_devices before JAX "
                "starts, as latticework train --devices does",
            )
            chosen += found[:per_process]
        return cls(tuple(chosen))

    @classmethod
    def alone(cls) -> "Team":
        """One device of this process."""
        return cls((jax.local_devices()[0],))

    @property
    def size(self) -> int:
        """Number of devices."""
        return len(self.devices)

    @property
    def is_alone(self) -> bool:
        """Whether there is but one device: nothing is cut, nothing is sent."""
        return self.size == 1

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes and shows things."""
        return jax.process_index() == 0

    @property
    def own(self) -> tuple[int, ...]:
        """Numbers of the devices of this process."""
        here = jax.process_index()
        return tuple(n for n, device in enumerate(self.devices) if device.process_index == here)

    @property
    def num_processes(self) -> int:
        """Number of processes."""
        return len({device.process_index for device in self.devices})

    @cached_property
    def _mesh(self) -> Mesh:
        return Mesh(np.array(self.devices), (AXIS,))

    def check(
        self, learner: AbstractLearner, optimiser: OptimiserConfig, batch_size: int, seed: int
    ) -> None:
        """Raise ValueError unless the devices can share the batches of this learner."""
        if self.is_alone:
            return
        require(
            batch_size % self.size == 0,
            f"batch_size is {batch_size}, which {self.size} devices cannot share evenly; choose a "
            f"multiple of {self.size}",
        )
        require(
            not jax.tree.leaves(jax.eval_shape(lambda: learner.init_memory((seed,)))),
            "this learner carries a state from batch to batch, which several devices cannot share; "
            "train it on one device, or without what it carries",
        )
        require(
            learner.fused_steps(optimiser, batch_size) is None,
            f"the kernel {learner.kernel} takes many steps in one compiled call, which several "
            "devices cannot share; train on one device, or choose another kernel or optimiser",
        )

    def part(self, batch_size: int) -> int:
        """Examples of a batch for each device."""
        return batch_size // self.size

    def place(self, tree: PyTree) -> PyTree:
        """`tree`, the same in every process, on every device."""
        return tree if self.is_alone else jax.tree.map(self._everywhere, tree)

    def _everywhere(self, leaf: Any) -> Array:
        sharding = NamedSharding(self._mesh, SAME)
        if isinstance(leaf, jax.Array):
            if leaf.sharding == sharding:
                return leaf
            if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
                data = self._everywhere(jax.random.key_data(leaf))
                return jax.random.wrap_key_data(data, impl=jax.random.key_impl(leaf))
        return jax.make_array_from_process_local_data(sharding, np.asarray(leaf))

    def cut(self, own: np.ndarray) -> Array:
        """An array cut over all devices, of which this process has the parts of its own ones."""
        if self.is_alone:
            return jnp.asarray(own)
        return jax.make_array_from_process_local_data(NamedSharding(self._mesh, CUT), own)

    def on_each(self, function: Function, *specs: Any) -> Function:
        """`function` run by every device; what it returns must be the same on all.

        Args:
            function: traced under `jit`.
            specs: for each of its arguments, `SAME`, `CUT` or a tree of them; none for all `SAME`.
        """
        if self.is_alone:
            return function
        # A custom call is not split by the compiler; here it only ever sees its own part. Without
        # `check_vma` a gradient inside is that of the part, not yet a sum over devices.
        return jax.shard_map(  # pyright: ignore[reportReturnType]
            function,
            mesh=self._mesh,
            in_specs=specs or SAME,
            out_specs=SAME,
            check_vma=False,
        )

    # What follows is for functions that run on each device.

    def number(self) -> Array | int:
        """Number of this device, from 0."""
        return 0 if self.is_alone else lax.axis_index(AXIS)

    def mean(self, tree: PyTree) -> PyTree:
        """The mean over devices."""
        return tree if self.is_alone else lax.pmean(tree, AXIS)

    def total(self, tree: PyTree) -> PyTree:
        """The sum over devices."""
        return tree if self.is_alone else lax.psum(tree, AXIS)

    def keys(self, keys: Array) -> Array:
        """`keys`, others on every device."""
        if self.is_alone:
            return keys
        return jax.vmap(jax.random.fold_in, (0, None))(keys, lax.axis_index(AXIS))

    # What follows is for the program around them.

    def agree(self, wants_end: bool, stop: int) -> tuple[bool, int]:
        """Whether any process wants to end, and the `stop` of process 0.

        Every process must ask at the same time.
        """
        if self.num_processes == 1:
            return wants_end, stop
        said = multihost_utils.process_allgather(np.array([wants_end, stop], np.int32))
        return bool(said[:, 0].any()), int(said[0, 1])

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Go on only when all processes come to the end of the block.

        Raises:
            ValueError: another process did not, while this one did.
        """
        try:
            yield
        except (ValueError, OSError):
            self.agree(True, 0)
            raise
        failed, _ = self.agree(False, 0)
        if failed:
            raise ValueError("another process could not begin; its own message says why")
