"""`study glom-persistence`: is the answer held, and is it revised when the digit changes?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from latticework.core.checks import require
from latticework.models.glom import Image
from latticework.models.glom_learner import TEST_SEED
from latticework.pictures.persistence_curves import persistence_curves
from latticework.readouts.site_vote import site_mean
from latticework.studies.glom_networks import TRAINED, Subject, subject, test_images
from latticework.studies.study import AbstractStudy, Point, Row, StudyTable
from latticework.tasks import DataSource

LOOK, SWAP, DAMAGE = "look", "swap", "damage"
EVENTS = {
    LOOK: "the digit stays",
    SWAP: "another digit is shown",
    DAMAGE: "half of all columns begin anew",
}


@dataclass(frozen=True)
class GlomPersistence(AbstractStudy):
    """Accuracy and agreement while columns settle ten times longer than they learned to.

    Settling goes on in stretches of as many steps as in training. At `event_at` stretches the
    digit is changed for that of the next test image, or the left half of all columns begins anew.

    Args:
        networks: recipes to look at.
        runs: folders of finished runs of these recipes, in place of training them now.
        images: test images.
        stretches: how many times as long as in training.
        event_at: stretches before the event.
    """

    networks: tuple[str, ...] = ("glom-mnist", "glom-mnist-persistent")
    runs: tuple[str, ...] = ()
    images: int = 1000
    stretches: int = 10
    event_at: int = 4

    def points(self) -> Sequence[Point]:
        """Each network under each event."""
        require(self.stretches >= 1, f"stretches is {self.stretches}, expected 1 or more")
        require(
            1 <= self.event_at < self.stretches,
            f"event_at is {self.event_at}, expected 1 to {self.stretches - 1}",
        )
        return [{"network": name, "event": event} for name in self.networks for event in EVENTS]

    def measure(self, point: Point, source: DataSource) -> Row:
        """Accuracy, votes and agreement after every stretch."""
        who = subject(str(point["network"]), TRAINED, self.runs, "", source)
        raw, labels = test_images(who.recipe, self.images, source)
        return follow(who, raw, labels, str(point["event"]), self.stretches, self.event_at)

    def table(self, rows: Sequence[Row]) -> StudyTable:
        """Accuracy and the winner's share of the votes, at some moments."""
        moments = sorted({0, self.event_at - 1, self.event_at, self.stretches - 1})
        lines = [
            [
                row["network"],
                EVENTS[row["event"]],
                *(f"{row['accuracy'][n]:.3f} / {row['share'][n]:.2f}" for n in moments),
            ]
            for row in rows
        ]
        headers = ["network", "event", *(f"after {n + 1} x" for n in moments)]
        return StudyTable(headers, lines, 2)

    def draw(self, rows: Sequence[Row], path: Path) -> Path:
        """Accuracy and agreement over time."""
        return persistence_curves(rows, path, title=self.name, events=EVENTS)


def follow(
    who: Subject, raw: np.ndarray, labels: np.ndarray, event: str, stretches: int, event_at: int
) -> Row:
    """Settle stretch by stretch, with one event.

    Returns:
        After each stretch: `accuracy` on the digit that is shown, `accuracy_before` on the one
        that was shown at first, the winner's `share` of the votes, the mean `size` of a state's
        entries, and how far the state `moved` in the last step, relative to it.
    """
    network, readout = who.network, who.recipe.sites
    image = who.see(raw)
    shown, targets = image, labels
    stretch = jax.jit(lambda image, state: _stretch(who, image, state))
    state = jax.jit(lambda image: network.start(image, jnp.asarray(TEST_SEED)))(image)
    found: dict[str, list[float]] = {
        name: [] for name in ("accuracy", "accuracy_before", "share", "size", "moved")
    }
    for number in range(stretches):
        if number == event_at and event == SWAP:
            shown = Image(jnp.roll(image.bottom, -1, axis=1), jnp.roll(image.alive, -1, axis=0))
            targets = np.roll(labels, -1)
        if number == event_at and event == DAMAGE:
            fresh = network.start(shown, jnp.asarray(TEST_SEED))
            half = jnp.arange(network.cols) < network.cols // 2
            state = jnp.where(half, fresh, state)
        state, moved = stretch(shown, state)
        votes = np.asarray(readout.votes(state[-1], shown.alive))
        verdict = np.argmax(np.asarray(readout.scores(state[-1], shown.alive)), axis=-1)
        found["accuracy"].append(float(np.mean(verdict == targets)))
        found["accuracy_before"].append(float(np.mean(verdict == labels)))
        found["share"].append(float(np.mean(votes.max(axis=-1) / votes.sum(axis=-1).clip(1))))
        found["size"].append(float(jnp.sqrt(jnp.mean(jnp.square(state[1:])))))
        found["moved"].append(float(moved))
    return {
        "steps": [(n + 1) * network.settling.num_steps for n in range(stretches)],
        "event_at": event_at,
        "images": len(labels),
        **found,
    }


def _stretch(who: Subject, image: Image, state: Array) -> tuple[Array, Array]:
    """One stretch, and the relative length of its last step."""
    network = who.network
    count = network.settling.num_steps
    if count > 1:
        state = network.settle(who.params, image, TEST_SEED, state=state, num_steps=count - 1).state
    after = network.settle(who.params, image, TEST_SEED, state=state, num_steps=1).state
    step = jnp.sqrt(site_mean(jnp.mean(jnp.square(after - state)[1:], axis=(0, 1)), image.alive))
    size = jnp.sqrt(site_mean(jnp.mean(jnp.square(after)[1:], axis=(0, 1)), image.alive))
    return after, jnp.mean(step / jnp.maximum(size, 1e-9))
