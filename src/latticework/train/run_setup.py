"""Everything of a run that stays as it is from the first step to the last."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from latticework.core.examples import AbstractExamples
from latticework.core.learner import AbstractLearner
from latticework.core.task import Dataset
from latticework.train import order
from latticework.train.config import TrainingConfig
from latticework.train.evaluate import Evaluator
from latticework.train.fingerprint import fingerprint
from latticework.train.optimisers import OptimiserConfig, build
from latticework.train.parallel import Team
from latticework.train.scores import score_entry
from latticework.train.steps import (
    Encode,
    EpochData,
    LoopState,
    Stepper,
    initial_state,
    make_stepper,
)


@dataclasses.dataclass(frozen=True)
class Setup:
    """The compiled pieces of a run and its data on the device.

    Args:
        config: length, batches and measurements.
        seeds: the seeds, in the order of the leading axis.
        kernel: the learner's code path.
        dataset: name of what is learned.
        steps_per_epoch: whole batches in one epoch.
        num_examples: training examples in use.
        inputs: raw training inputs, on the device, or `AbstractExamples`.
        targets: int32 classes.
        stepper: takes steps.
        evaluator: measures on the test set.
        team: the devices that share every batch.
        start: the state before the first step.
        fingerprint: JSON-able facts that decide the numbers; a run may only be resumed by the same.
    """

    config: TrainingConfig
    seeds: tuple[int, ...]
    kernel: str
    dataset: str
    steps_per_epoch: int
    num_examples: int
    inputs: Any
    targets: Array
    stepper: Stepper
    evaluator: Evaluator
    team: Team
    start: LoopState
    fingerprint: dict[str, Any]

    @classmethod
    def build(
        cls,
        learner: AbstractLearner,
        dataset: Dataset,
        encode: Encode,
        config: TrainingConfig,
        optimiser: OptimiserConfig,
        seeds: tuple[int, ...],
        team: Team,
        recipe: Any = None,
    ) -> "Setup":
        """Put the data on the devices and make the pieces; nothing is compiled yet."""
        team.check(learner, optimiser, config.batch_size, seeds[0])
        steps = config.steps_per_epoch(dataset)
        params = learner.init(seeds)
        transform = build(optimiser, config.epochs * steps, params)
        inputs = dataset.train_inputs
        is_streamed = isinstance(inputs, AbstractExamples)
        stepper = make_stepper(
            learner,
            encode,
            optimiser,
            transform,
            config.batch_size,
            steps,
            team,
            is_streamed=is_streamed,
        )
        return cls(
            config=config,
            seeds=seeds,
            kernel=learner.kernel,
            dataset=dataset.name,
            steps_per_epoch=steps,
            num_examples=config.num_examples(dataset),
            inputs=inputs if is_streamed else team.place(jnp.asarray(inputs)),
            targets=team.place(jnp.asarray(dataset.train_targets, dtype=jnp.int32)),
            stepper=stepper,
            evaluator=Evaluator(
                learner, encode, dataset.test_inputs, dataset.test_targets, config.eval_batch, team
            ),
            team=team,
            start=initial_state(params, transform, learner.init_memory(seeds)),
            fingerprint=fingerprint(
                learner,
                encode,
                dataset,
                seeds,
                recipe,
                training=dataclasses.asdict(config),
                optimiser=dataclasses.asdict(optimiser),
                # A constant step size does not know the end of the run, so such a run may be
                # extended.
                scheduled_epochs=config.epochs if optimiser.schedule != "constant" else None,
            ),
        )

    def epoch_data(self, keys: Array, noise: Array, epoch: int) -> tuple[Array, EpochData]:
        """The order keys of the next epoch, and what the steps of `epoch` read."""
        following, now = _epoch_order(keys, self.num_examples)
        first = jnp.asarray(epoch * self.steps_per_epoch, jnp.int32)
        read = self.team.place((now, noise, first))
        return following, EpochData(self.inputs, self.targets, *read)

    @property
    def facts(self) -> dict[str, Any]:
        """Counts of the data for the record of an epoch; mostly none."""
        counts = self.inputs.facts if isinstance(self.inputs, AbstractExamples) else {}
        return {**counts, **score_entry(self.evaluator.score_name)}

    def measured_examples(self, epoch: int) -> np.ndarray | None:
        """Test examples that `epoch` is measured on; None for all."""
        size = self.config.eval_subset
        return None if size is None else order.subset(epoch, self.evaluator.num_examples, size)


_epoch_order = jax.jit(order.epoch_order, static_argnums=1)
