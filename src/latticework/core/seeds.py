"""Seeds: which numbers are one, the key that each of them starts, and how keys are drawn from."""

import contextlib
from collections.abc import Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from latticework.core.checks import require

IMPLEMENTATION = "threefry2x32"
"""How a key's random numbers are made; named, so that no setting of JAX changes a run."""

PARTITIONABLE = True
"""Which of the two streams of that implementation is drawn, what JAX calls
`jax_threefry_partitionable`; its default, which goldens and committed results were made with."""

NUM_SEEDS = 2**32
"""Seeds are below this. A key is made of 32 bits of its seed, so that a larger one would be another
seed again: 2^32 would be 0."""

MOST_AT_ONCE = 1 << 16
"""Seeds that one run may have."""


def check_seed(name: str, value: object) -> None:
    """Check that `value` is a seed, a whole number from 0 to 2^32 - 1.

    Raises:
        ValueError: it is not; the sentence names the argument.
    """
    require(
        isinstance(value, int | np.integer)
        and not isinstance(value, bool)
        and bool(0 <= value < NUM_SEEDS),
        f"{name} is {value!r}; a whole number from 0 to {NUM_SEEDS - 1:,} expected",
    )


def check_seeds(seeds: Sequence[int]) -> tuple[int, ...]:
    """The seeds of a run as plain numbers.

    Raises:
        ValueError: there is none, there are too many, one is not a seed or is given twice.
    """
    require(len(seeds) > 0, "there is no seed; give at least one")
    require(
        len(seeds) <= MOST_AT_ONCE,
        f"there are {len(seeds):,} seeds; at most {MOST_AT_ONCE:,} are run side by side",
    )
    for seed in seeds:
        check_seed("a seed", seed)
    require(len(set(seeds)) == len(seeds), f"a seed is given twice: {list(seeds)}")
    return tuple(int(seed) for seed in seeds)


def seeds_from(first: int, number: int) -> tuple[int, ...]:
    """`number` seeds from `first` on, as --seed and --seeds ask for them.

    Raises:
        ValueError: there are not so many.
    """
    require(
        1 <= number <= MOST_AT_ONCE,
        f"--seeds is {number}, expected 1 or more and at most {MOST_AT_ONCE:,}",
    )
    check_seed("--seed", first)
    require(
        first + number <= NUM_SEEDS,
        f"--seed {first} and --seeds {number} go beyond {NUM_SEEDS - 1:,}, the last seed there is; "
        f"begin at {NUM_SEEDS - number} or before",
    )
    return tuple(range(first, first + number))


def key_of(seed: int, offset: int = 0) -> Array:
    """The key that `seed` starts.

    Args:
        seed: a seed.
        offset: tells apart what one seed starts; the key is that of `seed + offset`, counted in
            32 bits, so that no two seeds have the same one.

    Raises:
        ValueError: `seed` is not a seed.
    """
    check_seed("seed", seed)
    # Not `jax.random.key`, to which the user's `jax_random_seed_offset` is added.
    return key_from(np.array([0, (int(seed) + offset) % NUM_SEEDS], np.uint32))


def key_from(words: Array | np.ndarray) -> Array:
    """The keys that consist of pairs of words, `[..., 2]`."""
    return jax.random.wrap_key_data(jnp.asarray(words, jnp.uint32), impl=IMPLEMENTATION)


@contextlib.contextmanager
def own_draws() -> Iterator[None]:
    """Within it keys are drawn from as the package does, whatever JAX was told.

    It counts where code is traced: around a call, or within a function that is compiled.
    """
    with jax.threefry_partitionable(PARTITIONABLE):
        yield
