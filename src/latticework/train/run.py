"""One run as it goes: epochs, checkpoints, measurements."""

import dataclasses
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from latticework.core.interrupts import postponed, requested
from latticework.train import order
from latticework.train.pace import Pace
from latticework.train.progress import AbstractProgress, Moment
from latticework.train.record import RunFolder
from latticework.train.results import Outcome, TrainResult, non_finite_steps, sentence
from latticework.train.resumption import Notes, take_up
from latticework.train.run_setup import Setup
from latticework.train.steps import NEVER, EpochData, LoopState, new_epoch
from latticework.train.stored import POSITION


@dataclasses.dataclass
class Run:
    """A run and its position; the only mutable object of the package.

    Args:
        setup: what stays as it is.
        folder: where to keep things, or None.
        started: when this part of the run began, by `time.perf_counter`.
        state: parameters, optimiser state, running sums.
        order_keys: the order keys at the start of the current epoch.
        noise: keys of the noise in the learning path.
        epoch: current epoch, from 0.
        step: steps done in it.
        earlier_seconds: wall time of the parts before this one.
        train_seconds: wall time of the steps alone, all parts.
        metrics: records of the finished epochs.
        restored: whether a checkpoint was read.
        notes: what was changed on the way.
    """

    setup: Setup
    folder: RunFolder | None
    started: float
    state: LoopState
    order_keys: Array
    noise: Array
    epoch: int = 0
    step: int = 0
    earlier_seconds: float = 0.0
    train_seconds: float = 0.0
    metrics: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    restored: bool = False
    notes: Notes = dataclasses.field(default_factory=Notes)

    @classmethod
    def begin(cls, setup: Setup, folder: RunFolder | None, started: float) -> "Run":
        """A run before its first step."""
        seeds = setup.seeds
        return cls(
            setup, folder, started, setup.start, order.order_keys(seeds), order.noise_keys(seeds)
        )

    def go(self, progress: AbstractProgress) -> TrainResult:
        """Run to the end, or to Ctrl-C, or until no seed is left."""
        message = ""
        progress.begin(self.setup.config.epochs, self.setup.steps_per_epoch)
        try:
            with postponed():
                outcome = self._epochs(progress)
                accuracy = None if outcome is Outcome.INTERRUPTED else self._final_accuracy()
            message = self._sentence(outcome)
        finally:
            progress.end(message)
        return TrainResult(
            outcome=outcome,
            message=message,
            params=self.state.params,
            seeds=self.setup.seeds,
            test_accuracy=accuracy,
            metrics=self.metrics,
            epochs=self.epoch,
            non_finite_steps=self._bad(),
            seconds=self._seconds(),
            train_seconds=self.train_seconds,
            images_per_second=self._images_per_second(),
            kernel=self.setup.kernel,
            dataset=self.setup.dataset,
            devices=self.setup.team.size,
            notes=self.notes.sentences,
        )

    def restore(self, folder: RunFolder, *, new_kernel: bool = False) -> tuple[str, ...]:
        """Take up the checkpoint and drop later records; return what changed. Errors: `take_up`."""
        path = folder.checkpoint
        arrays, meta, changes = take_up(
            folder, POSITION, self._arrays(), self.setup.fingerprint, new_kernel
        )
        if meta["epoch"] > self.setup.config.epochs:
            raise ValueError(
                f"{path} already has {meta['epoch']} epochs, asked for {self.setup.config.epochs}; "
                "ask for at least as many"
            )
        self.order_keys = order.keys_of(arrays.pop("order_key"))
        self.noise = order.keys_of(arrays.pop("noise_key"))
        # Copied, since a step uses its state up and must not reach into the file's memory.
        self.state = LoopState(**jax.tree.map(lambda leaf: jnp.array(leaf, copy=True), arrays))
        self.epoch, self.step = meta["epoch"], meta["step"]
        self.earlier_seconds, self.train_seconds = meta["seconds"], meta["train_seconds"]
        self.metrics = folder.keep_metrics_before(self.epoch)
        self.notes = Notes.of(meta).then(self.epoch, self.step, changes.noted)
        self.restored = True
        return changes.free + changes.noted

    def _epochs(self, progress: AbstractProgress) -> Outcome:
        """All epochs that are left."""
        setup = self.setup
        following, data = setup.epoch_data(self.order_keys, self.noise, self.epoch)
        self._compile(data)
        pace = Pace(setup.config, setup.stepper.block, self._total_steps())
        if not self.restored:
            self._save()
        while self.epoch < setup.config.epochs:
            outcome = self._steps(data, pace, progress)
            if outcome is not None:
                self._save()
                return outcome
            line = self._finish_epoch(following)
            progress.epoch(line, self._moment(pace))
            following, data = setup.epoch_data(self.order_keys, self.noise, self.epoch)
        return Outcome.FINISHED

    def _steps(self, data: EpochData, pace: Pace, progress: AbstractProgress) -> Outcome | None:
        """The steps that are left of an epoch; None when they were all taken."""
        saved = time.perf_counter()
        setup = self.setup
        while self.step < setup.steps_per_epoch:
            if self._all_bad():
                return Outcome.NON_FINITE
            stop = pace.stop(self.step, setup.steps_per_epoch)
            wants_end, stop = setup.team.agree(requested(), stop)
            if wants_end:
                return Outcome.INTERRUPTED
            if time.perf_counter() - saved >= setup.config.checkpoint_every_s:
                self._save()
                saved = time.perf_counter()
            self._advance(data, stop, pace)
            progress.moment(self._moment(pace))
        if self._all_bad():
            return Outcome.NON_FINITE
        # To measure may take as long as many steps.
        return Outcome.INTERRUPTED if setup.team.agree(requested(), 0)[0] else None

    def _advance(self, data: EpochData, stop: int, pace: Pace) -> None:
        """One chunk of steps, up to `stop`."""
        begun = time.perf_counter()
        self.state = jax.block_until_ready(
            self.setup.stepper.run(self.state, data, self.step, stop)
        )
        seconds = time.perf_counter() - begun
        pace.took(stop - self.step, seconds)
        self.train_seconds += seconds
        self.step = stop
        if self._all_bad():
            # The loop stopped by itself: where, must not depend on the chunk.
            self.step = int(np.max(self.state.bad_step)) - int(data.first_step)

    def _compile(self, data: EpochData) -> None:
        """Compile by taking no step and measuring nothing."""
        self.state = self.setup.stepper.run(self.state, data, self.step, self.step)
        if not self.setup.team.agree(requested(), 0)[0]:
            self.setup.evaluator.compile(self.state.params)

    def _finish_epoch(self, following: Array) -> dict[str, Any]:
        """Measure, write the epoch's record, move to the next epoch, save."""
        line = self._line()
        self.metrics.append(line)
        if self.folder is not None:
            self.folder.append_metrics(line)
        self.state = new_epoch(self.state)
        self.order_keys = following
        self.epoch, self.step = self.epoch + 1, 0
        self._save()
        return line

    def _line(self) -> dict[str, Any]:
        """The record of the epoch that has just ended."""
        setup, epoch = self.setup, self.epoch
        loss, accuracy = self._training_means()
        per_seed = {"train_loss": loss, "train_accuracy": accuracy}
        measured = None
        if (epoch + 1) % setup.config.eval_every == 0 or epoch + 1 == setup.config.epochs:
            examples = setup.measured_examples(epoch)
            measured = setup.evaluator.num_examples if examples is None else len(examples)
            per_seed["test_accuracy"] = setup.evaluator.accuracy(self.state.params, examples)
        means = {name: _mean(values) for name, values in per_seed.items()}
        return {
            "epoch": epoch,
            "steps": self._total_steps(),
            **means,
            "test_accuracy": means.get("test_accuracy"),
            "test_examples": measured,
            "per_seed": {name: _none_for_nan(values) for name, values in per_seed.items()},
            "seconds": self._seconds(),
            "images_per_second": self._images_per_second(),
            **setup.facts,
            **self.notes.line(epoch),
        }

    def _training_means(self) -> tuple[np.ndarray, np.ndarray]:
        """Loss and accuracy per seed over the batches of this epoch that the seed has taken."""
        first = self.epoch * self.setup.steps_per_epoch
        bad = np.array(self.state.bad_step, np.int64)
        taken = np.where(bad == NEVER, self.step, np.maximum(bad - first, 0))
        counts = np.where(taken > 0, taken, np.nan)
        sums = (self.state.loss_sum, self.state.correct_sum)
        loss, correct = (np.array(total, np.float64) / counts for total in sums)
        return loss, correct

    def _final_accuracy(self) -> np.ndarray:
        """Accuracy on the whole test set, per seed; not measured twice."""
        last = self.metrics[-1] if self.metrics else None
        everything = self.setup.evaluator.num_examples
        if last and last.get("steps") == self._total_steps():
            measured = np.array(last.get("per_seed", {}).get("test_accuracy", ()), np.float64)
            if last.get("test_examples") == everything and len(measured) == len(self.setup.seeds):
                return measured
        return self.setup.evaluator.accuracy(self.state.params)

    def _moment(self, pace: Pace) -> Moment:
        """Where the run is, for the display."""
        loss, accuracy = self._training_means()
        config, steps = self.setup.config, self.setup.steps_per_epoch
        return Moment(
            epoch=self.epoch,
            epochs=config.epochs,
            step=self.step,
            steps_per_epoch=steps,
            loss=_mean(loss),
            accuracy=_mean(accuracy),
            images_per_second=self._images_per_second(),
            seconds_left=pace.seconds_left(self._total_steps(), config.epochs * steps),
        )

    def _save(self) -> None:
        """Write a checkpoint of this moment."""
        if self.folder is None or not self.folder.writes:
            return
        meta = {
            "epoch": self.epoch,
            "step": self.step,
            "seeds": self.setup.seeds,
            "seconds": self._seconds(),
            "train_seconds": self.train_seconds,
            "notes": self.notes.json,
            "fingerprint": self.setup.fingerprint,
        }
        self.folder.save(self._arrays(), meta)

    def _arrays(self) -> dict[str, Any]:
        """Everything that a checkpoint holds beside its metadata."""
        keys = {"order_key": self.order_keys, "noise_key": self.noise}
        return {
            **self.state._asdict(),
            **{name: order.key_data(key) for name, key in keys.items()},
        }

    def _all_bad(self) -> bool:
        return bool(np.all(np.asarray(self.state.bad_step) != NEVER))

    def _bad(self) -> dict[int, int]:
        return non_finite_steps(self.setup.seeds, np.array(self.state.bad_step))

    def _sentence(self, outcome: Outcome) -> str:
        return sentence(outcome, self.epoch, self.step, self.setup.steps_per_epoch, self._bad())

    def _seconds(self) -> float:
        return self.earlier_seconds + time.perf_counter() - self.started

    def _total_steps(self) -> int:
        return self.epoch * self.setup.steps_per_epoch + self.step

    def _images_per_second(self) -> float:
        images = self._total_steps() * self.setup.config.batch_size * len(self.setup.seeds)
        return images / self.train_seconds if self.train_seconds else 0.0


def _mean(values: np.ndarray) -> float | None:
    """Mean over the seeds that have a value."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None


def _none_for_nan(values: np.ndarray) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in values.tolist()]
