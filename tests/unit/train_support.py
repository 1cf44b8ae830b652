"""A small learner and data set for the tests of the training loop, and a program that runs them.

As a program it trains in a folder, or goes on where an earlier run was cut off:
`python train_support.py RUN_DIR`; then it saves the parameters beside the run.
"""

import contextlib
import dataclasses
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental.compilation_cache import compilation_cache

from latticework.core.learner import AbstractLearner, Updates
from latticework.core.task import Dataset
from latticework.train import OptimiserConfig, SilentProgress, TrainingConfig, TrainResult, train

SIDE, CLASSES = 4, 3


@dataclasses.dataclass(frozen=True)
class SoftmaxLearner(AbstractLearner):
    """Softmax regression, with noise in the learning path if asked, or a loop of its own."""

    noise: float = 0.0
    fused: bool = False

    @property
    def kernel(self) -> str:
        return "softmax-fused" if self.fused else "softmax"

    @property
    def num_classes(self) -> int:
        return CLASSES

    def init(self, seeds: Sequence[int]) -> dict[str, jax.Array]:
        draws = [np.random.default_rng(seed).normal(size=(SIDE**2, CLASSES)) for seed in seeds]
        return {
            "weight": jnp.asarray(np.stack(draws) * 0.1, dtype=jnp.float32),
            "bias": jnp.zeros((len(seeds), CLASSES), jnp.float32),
        }

    def updates(self, params, inputs, targets, key) -> Updates:
        def one(params, inputs, targets, key):
            (loss, correct), direction = jax.value_and_grad(loss_of, has_aux=True)(
                params, inputs, targets
            )
            noise = self.noise * jax.random.normal(key, direction["bias"].shape, jnp.float32)
            return Updates({**direction, "bias": direction["bias"] + noise}, loss, correct)

        return jax.vmap(one)(params, inputs, targets, key)

    def scores(self, params, inputs):
        return jax.vmap(scores_of, (0, None))(params, inputs)

    def fused_steps(self, optimiser, batch_size):
        sizes = optimiser.plain_step_sizes(("weight", "bias"))
        if not self.fused or sizes is None:
            return None

        def one(params, inputs, targets, order, start, stop):
            def body(step, carry):
                params, loss_sum, correct_sum = carry
                index = jax.lax.dynamic_slice_in_dim(order, step * batch_size, batch_size)
                batch = (encode(inputs[index]), targets[index])
                (loss, correct), grad = jax.value_and_grad(loss_of, has_aux=True)(params, *batch)
                params = {name: params[name] - sizes[name] * grad[name] for name in params}
                return params, loss_sum + loss, correct_sum + correct

            zero = jnp.zeros((), jnp.float32)
            return jax.lax.fori_loop(start, stop, body, (params, zero, zero))

        return jax.vmap(one, (0, None, None, 0, None, None))


def scores_of(params, inputs):
    """`[batch, feature]` to `[batch, class]`."""
    return inputs @ params["weight"] + params["bias"][None]


def loss_of(params, inputs, targets):
    """Mean cross entropy, and the fraction of right predictions."""
    scores = scores_of(params, inputs)
    picked = jnp.take_along_axis(jax.nn.log_softmax(scores), targets[:, None], axis=1)
    right = jnp.argmax(scores, axis=1).astype(jnp.int32) == targets
    return -jnp.mean(picked), jnp.mean(right.astype(jnp.float32))


def encode(raw: jax.Array) -> jax.Array:
    """Images `[..., side, side]` to float32 features in 0..1."""
    return raw.reshape(*raw.shape[:-2], SIDE**2).astype(jnp.float32) / 255


def blobs(train_examples: int = 203, test_examples: int = 57) -> Dataset:
    """Images whose brightest row tells the class."""
    rng = np.random.default_rng(0)
    count = train_examples + test_examples
    targets = rng.integers(0, CLASSES, count)
    images = rng.integers(0, 120, (count, SIDE, SIDE))
    images[np.arange(count), targets] += 60
    images, targets = images.astype(np.uint8), targets.astype(np.uint8)
    cut = train_examples
    return Dataset(images[:cut], targets[:cut], images[cut:], targets[cut:], "blobs")


def run(folder: Path | None = None, **changes) -> TrainResult:
    """Train the small learner; `changes` replace arguments of `train` or fields of its configs."""
    fields = {field.name for field in dataclasses.fields(TrainingConfig)}
    training = {name: changes.pop(name) for name in fields & changes.keys()}
    arguments = {
        "learner": SoftmaxLearner(noise=0.01),
        "dataset": blobs(),
        "encode": encode,
        "config": TrainingConfig(**{"epochs": 2, "batch_size": 10, **training}),
        "optimiser": OptimiserConfig(learning_rate=0.01),
        "seeds": (0, 1),
        "run_dir": folder,
        "recipe": {"name": "blobs"},
        **changes,
    }
    return train(**arguments)


@contextlib.contextmanager
def compiled_once(folder: Path) -> Iterator[None]:
    """Keep compiled programs in `folder`: the tests run the same few programs many times."""
    options = {
        "jax_compilation_cache_dir": str(folder),
        "jax_persistent_cache_min_compile_time_secs": 0.0,
    }
    before = {name: getattr(jax.config, name) for name in options}
    try:
        for name, value in options.items():
            jax.config.update(name, value)
        compilation_cache.reset_cache()
        yield
    finally:
        for name, value in before.items():
            jax.config.update(name, value)
        compilation_cache.reset_cache()


class _Talkative(SilentProgress):
    """Says when there is something to interrupt."""

    def moment(self, moment) -> None:
        print(moment.epoch, moment.step, flush=True)


def main() -> None:
    # A parent in the background may have told its children to ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    folder = Path(sys.argv[1])
    result = run(
        folder,
        epochs=12,
        eval_every=2,
        chunk_steps=1,
        checkpoint_every_s=0.0,
        optimiser=OptimiserConfig(learning_rate=0.01, schedule="cosine", clip_norm=1.0),
        resume=(folder / "recipe.json").exists(),
        progress=_Talkative(),
    )
    np.savez(folder / "params.npz", **result.params)
    print(result.outcome.value, flush=True)


if __name__ == "__main__":
    main()
