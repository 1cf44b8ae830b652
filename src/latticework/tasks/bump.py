"""The synthetic task: when does a bump pass in one noisy channel?"""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from latticework.core.checks import require
from latticework.core.seeds import check_seed
from latticework.core.task import AbstractTask, Dataset
from latticework.tasks import arguments

_WIDTH = 4.0
_MAX_VALUES = 1 << 28


@dataclass(frozen=True)
class Bump(AbstractTask):
    """Noise in every channel and, in channel 0, a bump whose time is the class.

        x_c(t) = noise_std |N(0, 1)| + [c = 0] gain exp(-((t - centre) / 4)^2 / 2)
        centre = s0 + (s1 - s0) (class + 1/2) / num_classes,  s0 = floor(0.15 T), s1 = floor(0.85 T)

    for t = 0..T-1, classes uniform. Training and test examples come from streams of their own, so
    that more of one leaves the other as it is.

    Args:
        num_classes: number of classes.
        num_steps: length T.
        num_channels: number of channels; all but the first hold noise alone.
        noise_std: scale of the noise, 0 or above.
        gain: height of the bump.
        num_train, num_test: number of examples.
        seed: of the noise and the classes.

    Raises:
        ValueError: an argument is out of range.

    Reference: grid-neurons, commit b7c349d (synthetic task; it names no T, C or number of
    classes, those here are ours).
    """

    num_classes: int = 4
    num_steps: int = 40
    num_channels: int = 8
    noise_std: float = 0.2
    gain: float = 5.0
    num_train: int = 4000
    num_test: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        arguments.whole("num_classes", self.num_classes, 2, 1000)
        arguments.whole("num_steps", self.num_steps, 1, 100_000)
        arguments.whole("num_channels", self.num_channels, 1, 4096)
        arguments.whole("num_train", self.num_train, 1, 1_000_000)
        arguments.whole("num_test", self.num_test, 1, 1_000_000)
        check_seed("seed", self.seed)
        arguments.scale("gain", self.gain)
        arguments.scale("noise_std", self.noise_std, may_be_zero=True)
        values = (self.num_train + self.num_test) * self.num_steps * self.num_channels
        require(
            values <= _MAX_VALUES,
            f"the bump task would hold {values:,} numbers; at most {_MAX_VALUES:,} are made: "
            "choose fewer examples, steps or channels",
        )

    def load(self, source: Any = None) -> Dataset:
        """Make the examples; `source` is not used, nothing is read."""
        train_inputs, train_targets = self._examples(self.num_train, stream=0)
        test_inputs, test_targets = self._examples(self.num_test, stream=1)
        return Dataset(
            train_inputs,
            train_targets,
            test_inputs,
            test_targets,
            name="bump",
            num_classes=self.num_classes,
            origin="random numbers",
        )

    def encode(self, raw: Array | np.ndarray) -> Array:
        """Sequences float32 `[..., num_steps, num_channels]`, as they are; jittable.

        Raises:
            ValueError: `raw` is of another shape.
        """
        require(
            raw.shape[-2:] == (self.num_steps, self.num_channels),
            f"sequences of shape {tuple(raw.shape)} cannot be encoded; "
            f"[..., {self.num_steps}, {self.num_channels}] expected",
        )
        return jnp.asarray(raw).astype(jnp.float32)

    def _examples(self, count: int, stream: int) -> tuple[np.ndarray, np.ndarray]:
        """`count` examples of one stream: inputs `[count, T, C]`, classes `[count]`."""
        # the legacy generator, because its stream is frozen: the same on every version of numpy
        random = np.random.RandomState([self.seed, stream])
        classes = random.randint(0, self.num_classes, size=count).astype(np.int32)
        shape = (self.num_steps, self.num_channels)
        inputs = np.empty((count, *shape), dtype=np.float32)
        for i in range(count):
            inputs[i] = np.abs(random.standard_normal(shape)) * self.noise_std
        first, last = int(0.15 * self.num_steps), int(0.85 * self.num_steps)
        centre = first + (last - first) * (classes + 0.5) / self.num_classes
        distance = (np.arange(self.num_steps) - centre[:, None]) / _WIDTH
        inputs[:, :, 0] += (self.gain * np.exp(-0.5 * distance**2)).astype(np.float32)
        return inputs, classes
