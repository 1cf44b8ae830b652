"""The gridnet as a learner: backpropagation through all outer steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from latticework.core.checks import require
from latticework.core.learner import ACCURACY, AbstractLearner, Updates
from latticework.core.loss import cross_entropy
from latticework.core.registry import unknown_name
from latticework.core.seeds import key_of, own_draws
from latticework.core.trees import stacked
from latticework.core.validation import check_encoded, check_examples
from latticework.kernels import AUTO
from latticework.kernels.loop_choice import choose_loop_kernel
from latticework.kernels.loops import AbstractLoopKernel
from latticework.models.gridnet import Gridnet, GridnetParams

GridnetLoss = Literal["cross_entropy", "echo"]
"""`cross_entropy` of the class. `echo`: mean squared error between the image that entered and the
outputs, over all pixels."""


@dataclass(frozen=True)
class GridnetLearner(AbstractLearner):
    """Learns images, one class per image, or to copy them to the other side.

    Args:
        network: the gridnet.
        loss: "cross_entropy" or "echo".
        kernel_name: "auto", or one of `kernels.loop_choice.LOOP_KERNELS`.
        remat: save memory by computing twice; see the kernels.

    Raises:
        ValueError: when the kernel does not apply, or the outputs do not fit the image.
    """

    network: Gridnet
    loss: GridnetLoss = "cross_entropy"
    kernel_name: str = AUTO
    remat: bool = False

    def __post_init__(self) -> None:
        known = get_args(GridnetLoss)
        require(self.loss in known, unknown_name("loss", self.loss, list(known)))
        pixels = self.network.image.num_pixels
        require(
            not self.is_echo or self.network.num_outputs == pixels,
            f"an echo has as many outputs as the image has pixels, {pixels}, but the network reads "
            f"{self.network.num_outputs}; set num_outputs to {pixels}",
        )
        _ = self._kernel

    @cached_property
    def _kernel(self) -> AbstractLoopKernel:
        return choose_loop_kernel(self.network.loop, self.kernel_name, remat=self.remat)

    @property
    def kernel(self) -> str:
        """Name of the kernel in use."""
        return self._kernel.name

    @property
    def is_echo(self) -> bool:
        """Whether the image is copied rather than classified."""
        return self.loss == "echo"

    @property
    def num_classes(self) -> int | None:
        """Numbers that are read; an echo looks at no class."""
        return None if self.is_echo else self.network.num_outputs

    @property
    def score_name(self) -> str:
        """What `points` averages to."""
        return "share of the pixels' variance explained" if self.is_echo else ACCURACY

    @own_draws()
    def init(self, seeds: Sequence[int]) -> GridnetParams:
        """Parameters for each seed, stacked."""
        each = [self.network.init(key_of(seed)) for seed in seeds]
        return stacked(each)

    def updates(
        self,
        params: GridnetParams,
        inputs: Float[Array, "seed batch ..."],
        targets: Int[Array, "seed batch"],
        key: Array,
    ) -> Updates:
        """The gradient for one batch; seeds one after the other."""
        del key
        check_examples(inputs, targets, self.num_classes)

        def one(arguments: tuple[GridnetParams, Array, Array]) -> Updates:
            params, inputs, targets = arguments

            def loss(params: GridnetParams) -> tuple[Array, Array]:
                losses, points = self._judged(self.outputs(params, inputs), inputs, targets)
                return jnp.mean(losses), jnp.mean(points)

            (value, points), gradient = jax.value_and_grad(loss, has_aux=True)(params)
            return Updates(gradient, value, points)

        return _over_seeds(one, (params, inputs, targets))

    def scores(
        self, params: GridnetParams, inputs: Float[Array, "batch ..."]
    ) -> Float[Array, "seed batch output"]:
        """The outputs: class scores, or pixels."""
        check_encoded(inputs)
        return _over_seeds(lambda arguments: self.outputs(arguments[0], inputs), (params,))

    def points(
        self,
        params: GridnetParams,
        inputs: Float[Array, "batch ..."],
        targets: Int[Array, " batch"],
    ) -> Float[Array, "seed batch"]:
        """1 for a right class; for an echo, 1 less the mean squared error of its pixels."""
        check_examples(inputs, targets, self.num_classes, lead=1)
        outputs = self.scores(params, inputs)
        return jax.vmap(lambda one: self._judged(one, inputs, targets)[1])(outputs)

    def outputs(
        self, params: GridnetParams, images: Float[Array, "batch ..."]
    ) -> Float[Array, "batch output"]:
        """The outputs for one seed's parameters and a batch of images."""
        net = self.network
        states = jax.vmap(net.start, (None, 0))(params, images)
        last = self._kernel.run(params["network"], params["norm"], states)
        return jax.vmap(net.readout.read, (None, 0))(params["readout"], last)

    def _judged(self, outputs: Array, images: Array, targets: Array) -> tuple[Array, Array]:
        """Loss and points of each example."""
        if self.is_echo:
            wanted = self.network.image.scaled(images).reshape(outputs.shape)
            error = jnp.mean(jnp.square(outputs - wanted), axis=-1)
            return error, 1 - error
        hits = jnp.argmax(outputs, axis=-1).astype(targets.dtype) == targets
        return cross_entropy(outputs, targets), hits.astype(outputs.dtype)


def _over_seeds(one, arguments):
    """`one` for each entry of the leading axis, which may well be the only one."""
    if jax.tree.leaves(arguments)[0].shape[0] == 1:
        only = one(jax.tree.map(lambda leaf: leaf[0], arguments))
        return jax.tree.map(lambda leaf: leaf[None], only)
    return jax.lax.map(one, arguments)
