"""The synthetic task: when was the bump?"""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from latticework.core.checks import require
from latticework.core.task import AbstractTask, Dataset

WIDTH = 4.0
"""Standard deviation of the bump, in steps."""


@dataclass(frozen=True)
class Bump(AbstractTask):
    """A bump on channel 0 over a noisy background; its class is when it comes.

        x_i(t) = noise_std |N(0, 1)| + [i = 0] gain exp(-((t - centre_c) / 4)^2 / 2)
        centre_c = s0 + (s1 - s0) (c + 1/2) / classes,  s0 = floor(0.15 T), s1 = floor(0.85 T)

    Args:
        num_classes: number of places for the bump, equally likely.
        num_steps: length T of a sequence.
        num_channels: number of channels.
        noise_std: scale of the background.
        gain: height of the bump.
        num_train: training examples to generate.
        num_test: test examples to generate.
        seed: draws everything.

    Source: grid-neurons, the synthetic task, shipped and used by no published run.
    """

    num_classes: int = 4  # pyright: ignore[reportIncompatibleMethodOverride]
    num_steps: int = 40  # pyright: ignore[reportIncompatibleMethodOverride]
    num_channels: int = 8  # pyright: ignore[reportIncompatibleMethodOverride]
    noise_std: float = 0.2
    gain: float = 5.0
    num_train: int = 4000
    num_test: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("num_classes", "num_steps", "num_channels", "num_train", "num_test"):
            value = getattr(self, name)
            require(value >= 1, f"{name} is {value}, expected 1 or more")
        require(self.noise_std >= 0, f"noise_std is {self.noise_std}, expected 0 or more")

    def centre(self, label: np.ndarray) -> np.ndarray:
        """Where the bump of a class is, in steps."""
        first, last = int(0.15 * self.num_steps), int(0.85 * self.num_steps)
        return first + (last - first) * (label + 0.5) / self.num_classes

    def load(self, source: Any) -> Dataset:
        """Generate the examples; `source` is not needed."""
        del source
        rng = np.random.default_rng(self.seed)
        train = self._draw(rng, self.num_train)
        test = self._draw(rng, self.num_test)
        return Dataset(*train, *test, name="bump")

    def encode(self, raw: Array) -> Float[Array, "... time channel"]:
        """As generated."""
        return raw.astype(jnp.float32)

    def _draw(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        label = rng.integers(0, self.num_classes, count)
        shape = (count, self.num_steps, self.num_channels)
        inputs = np.abs(rng.standard_normal(shape)) * self.noise_std
        away = (np.arange(self.num_steps) - self.centre(label)[:, None]) / WIDTH
        inputs[:, :, 0] += self.gain * np.exp(-0.5 * away**2)
        return inputs.astype(np.float32), label.astype(np.int32)
