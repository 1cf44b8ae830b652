"""A run in stages: the network learns by itself, then a classifier of what it does is trained."""

import dataclasses
import functools
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import UInt8

from latticework.core.interrupts import Interrupted, check, postponed, requested
from latticework.core.precision import whole_products
from latticework.core.seeds import check_seeds, own_draws
from latticework.core.staged_learner import AbstractStagedLearner, Params
from latticework.core.task import Dataset
from latticework.train.config import StagingConfig
from latticework.train.fingerprint import fingerprint
from latticework.train.learned_data import begun, data_facts
from latticework.train.progress import AbstractProgress, Moment, SilentProgress
from latticework.train.protocol import Protocol
from latticework.train.record import RunFolder
from latticework.train.reported import ReportedProgress
from latticework.train.results import Outcome, TrainResult
from latticework.train.resumption import Notes, take_up
from latticework.train.staged_scores import StagedScores, staged_scores
from latticework.train.steps import Encode
from latticework.train.stored import STAGED_POSITION

LARGEST_TABLE = 1 << 30
"""Bytes of features that are kept at once; beyond it seeds take turns."""


@own_draws()
@whole_products()
def train_in_stages(
    learner: AbstractStagedLearner,
    dataset: Dataset,
    encode: Encode,
    protocol: Protocol,
    config: StagingConfig,
    seeds: Sequence[int],
    *,
    run_dir: Path | str | None = None,
    recipe: Any = None,
    published: Any = None,
    resume: bool = False,
    new_kernel: bool = False,
    progress: AbstractProgress | None = None,
) -> TrainResult:
    """Learn, read, test; all seeds side by side. Repeated or resumed, a run is bit-identical.

    Only the first stage is saved half-way; a classifier is trained again from its beginning.

    Args:
        learner: the network and its classifier.
        dataset: raw examples.
        encode: raw inputs to what the learner takes; pure.
        protocol: which examples are for what.
        config: `batch` examples are shown per call; checkpoints every `checkpoint_every_s`.
        seeds and what follows: as in `train.train`; so are errors.
    """
    started = time.perf_counter()
    dataset.check_classes(learner.num_classes)
    protocol.check_fits(dataset)
    seeds = check_seeds(seeds)
    folder = None if run_dir is None else RunFolder(Path(run_dir))
    if resume and folder is None:
        raise ValueError("there is nothing to resume without a run folder; give run_dir")
    run = StagedRun(learner, dataset, encode, protocol, config, seeds, folder, started, recipe)
    shown = ReportedProgress(progress or SilentProgress(), run_dir)
    if folder is None:
        return run.go(shown)
    restore = functools.partial(run.restore, folder, new_kernel=new_kernel)
    with begun(folder, recipe, dataset, restore if resume else None) as changes:
        shown.notes(changes)
        result = run.go(shown)
        folder.write_result(result.record(recipe, published))
    return result


class StagedRun:
    """One such run and its position."""

    def __init__(
        self,
        learner: AbstractStagedLearner,
        dataset: Dataset,
        encode: Encode,
        protocol: Protocol,
        config: StagingConfig,
        seeds: tuple[int, ...],
        folder: RunFolder | None,
        started: float,
        recipe: Any = None,
    ) -> None:
        self.learner, self.dataset, self.encode = learner, dataset, encode
        self.protocol, self.config, self.seeds = protocol, config, seeds
        self.folder, self.started = folder, started
        self.shares = protocol.shares(dataset, seeds)
        self.params: Params = learner.init(seeds)
        learner.check_params(self.params)
        self.learned, self.is_read, self.notes = 0, False, Notes()
        self.losses: list[list[float]] = []
        self.earlier_seconds = self.train_seconds = 0.0
        more = {"protocol": dataclasses.asdict(protocol), "staging": dataclasses.asdict(config)}
        self.fingerprint = fingerprint(learner, encode, dataset, seeds, recipe, **more)
        self._learn = jax.jit(lambda params, raw, first: learner.learn(params, encode(raw), first))
        self._features = jax.jit(lambda params, raw: learner.features(params, encode(raw)))

    def go(self, progress: AbstractProgress) -> TrainResult:
        """Run to the end, or to Ctrl-C."""
        progress.begin(1, self.protocol.num_learned)
        message = ""
        try:
            accuracy, metrics = None, []
            with postponed():
                try:
                    self._stages(progress)
                    scores = self._test()
                    accuracy, metrics = scores.accuracy, [self._line(scores)]
                    progress.epoch(metrics[0], self._moment())
                    outcome = Outcome.FINISHED
                except Interrupted:
                    outcome = Outcome.INTERRUPTED
            message = self._sentence(outcome)
        finally:
            progress.end(message)
        if metrics and self.folder is not None:
            self.folder.keep_metrics_before(0)
            self.folder.append_metrics(metrics[0])
        return TrainResult(
            outcome=outcome,
            message=message,
            params=self.params,
            seeds=self.seeds,
            test_accuracy=accuracy,
            metrics=metrics,
            epochs=len(metrics),
            non_finite_steps={},
            seconds=self._seconds(),
            train_seconds=self.train_seconds,
            images_per_second=self._images_per_second(),
            kernel=self.learner.kernel,
            dataset=self.dataset.name,
            data=data_facts(self.dataset),
            notes=self.notes.sentences,
        )

    def restore(self, folder: RunFolder, *, new_kernel: bool = False) -> tuple[str, ...]:
        """Take up the checkpoint and return what changed; errors as in `take_up`."""
        arrays, meta, changes = take_up(
            folder, STAGED_POSITION, {"params": self.params}, self.fingerprint, new_kernel
        )
        self.notes = Notes.of(meta).then(0, meta["learned"], changes.noted)
        self.params = jax.tree.map(lambda leaf: jnp.array(leaf, copy=True), arrays["params"])
        self.learner.check_params(self.params)
        self.learned, self.is_read, self.losses = meta["learned"], meta["is_read"], meta["losses"]
        self.earlier_seconds, self.train_seconds = meta["seconds"], meta["train_seconds"]
        return changes.free + changes.noted

    def _stages(self, progress: AbstractProgress) -> None:
        """What is left of learning and reading; raises `Interrupted` where it was to stop."""
        saved = time.perf_counter()
        while self.learned < self.protocol.num_learned:
            if requested() or time.perf_counter() - saved >= self.config.checkpoint_every_s:
                self._save()
                check()
                saved = time.perf_counter()
            self._advance()
            progress.moment(self._moment())
        if not self.is_read:
            self._save()
            self.losses = []  # of seeds that were read before a stop: they are read again
            for group in self._groups(self.protocol.num_read):
                self._read(group)
                check()
            self.is_read = True
            self._save()

    def _advance(self) -> None:
        """Show the next examples."""
        stop = min(self.learned + self.config.batch, self.protocol.num_learned)
        raw = self.dataset.train_inputs[self.shares.learned[:, self.learned : stop]]
        begun = time.perf_counter()
        first = jnp.uint32(self.learned)
        self.params = jax.block_until_ready(self._learn(self.params, raw, first))
        self.train_seconds += time.perf_counter() - begun
        self.learned = stop

    def _groups(self, num_examples: int) -> list[slice]:
        """Seeds whose features fit into memory together."""
        one = jax.tree.map(lambda leaf: leaf[:1], self.params)
        shape = jax.eval_shape(self._features, one, self.dataset.train_inputs[:1][None]).shape
        fits = max(1, LARGEST_TABLE // max(1, num_examples * shape[-1]))
        return [slice(at, at + fits) for at in range(0, len(self.seeds), fits)]

    def _read(self, group: slice) -> None:
        """Train the classifiers of some seeds."""
        params = jax.tree.map(lambda leaf: leaf[group], self.params)
        index = self.shares.read[group]
        features = self._features_of(params, self.dataset.train_inputs, index)
        targets = jnp.asarray(self.dataset.train_targets[index])
        params, losses = self.learner.fit(params, features, targets)
        self.params = jax.tree.map(
            lambda all_seeds, some: all_seeds.at[group].set(some), self.params, params
        )
        self.losses += np.asarray(losses, np.float64).tolist()

    def _features_of(
        self, params: Params, images: np.ndarray, index: np.ndarray
    ) -> UInt8[np.ndarray, "seed example feature"]:
        """Features `[seed, example, feature]`; where all seeds see the same, it is shown once."""
        shared = bool((index == index[:1]).all())
        shown = index[:1] if shared else index
        parts = []
        for start in range(0, shown.shape[1], self.config.batch):
            check()
            raw = images[shown[:, start : start + self.config.batch]]
            parts.append(np.asarray(self._features(params, raw)))
        return np.concatenate(parts, axis=1)

    def _test(self) -> StagedScores:
        """What every seed scores."""
        tested = self.shares.tested
        if tested is None:
            images, targets = self.dataset.test_inputs, self.dataset.test_targets
            index = np.broadcast_to(np.arange(len(targets)), (len(self.seeds), len(targets)))
        else:
            images, targets = self.dataset.train_inputs, self.dataset.train_targets
            index = tested
        parts = []
        for group in self._groups(index.shape[1]):
            params = jax.tree.map(lambda leaf, group=group: leaf[group], self.params)
            features = self._features_of(params, images, index[group])
            guesses = self.learner.guesses(params, features)
            clusters = self.learner.clusters(features)
            parts.append(staged_scores(guesses, clusters, targets[index[group]]))
        return StagedScores(*(np.concatenate(values) for values in zip(*parts, strict=True)))

    def _line(self, scores: StagedScores) -> dict[str, Any]:
        """The one record of metrics.jsonl."""
        last = [losses[-1] for losses in self.losses]
        return {
            "epoch": 0,
            "steps": self.learned,
            "train_loss": float(np.mean(last)),
            "train_accuracy": None,
            "test_accuracy": float(scores.accuracy.mean()),
            "test_examples": self.protocol.tested_text(self.dataset),
            "classifier_losses": self.losses,
            "per_seed": {
                "train_loss": last,
                "train_accuracy": [None] * len(last),
                "test_accuracy": scores.accuracy.tolist(),
                "coverage": scores.coverage.tolist(),
                "purity": scores.purity.tolist(),
            },
            "seconds": self._seconds(),
            "images_per_second": self._images_per_second(),
            **self.notes.line(0),
        }

    def _moment(self) -> Moment:
        """Where the run is, for the display."""
        total, rate = self.protocol.num_learned, self._images_per_second()
        left = (total - self.learned) * len(self.seeds) / rate if rate else None
        return Moment(0, 1, self.learned, total, None, None, rate, left)

    def _save(self) -> None:
        """Write a checkpoint of this moment."""
        if self.folder is None:
            return
        meta = {
            "learned": self.learned,
            "is_read": self.is_read,
            "losses": self.losses,
            "seeds": self.seeds,
            "seconds": self._seconds(),
            "train_seconds": self.train_seconds,
            "notes": self.notes.json,
            "fingerprint": self.fingerprint,
        }
        self.folder.save({"params": self.params}, meta)

    def _sentence(self, outcome: Outcome) -> str:
        total = self.protocol.num_learned
        if outcome is Outcome.INTERRUPTED:
            return f"interrupted after {self.learned:,} of {total:,} examples"
        return f"finished: {total:,} examples learned from, {self.protocol.num_read:,} read"

    def _seconds(self) -> float:
        return self.earlier_seconds + time.perf_counter() - self.started

    def _images_per_second(self) -> float:
        images = self.learned * len(self.seeds)
        return images / self.train_seconds if self.train_seconds else 0.0
