"""Optimisers with parameter groups: what a rule's direction becomes before it is subtracted."""

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike
from jaxtyping import Array

from latticework.core.checks import require
from latticework.core.fixed_point import FixedPoint
from latticework.core.learner import Params
from latticework.core.registry import unknown_name
from latticework.train.storage import stored

OptimiserName = Literal["adam", "sgd"]
ScheduleName = Literal["constant", "cosine"]


@dataclasses.dataclass(frozen=True)
class OptimiserConfig:
    """An optimiser in plain numbers.

    A parameter group is a top-level name of the parameters. Its step size at step t is

        learning_rate * group_scales[group] * factor(t),

    `factor` being the warm-up and the schedule (see `schedule_factor`).

    Args:
        name: `adam` (bias-corrected, eps outside the root) or `sgd` (no state at all).
        learning_rate: step size, per step.
        group_scales: pairs (group, factor on the learning rate); a mapping is taken too. Groups
            that are not named have factor 1; 0 freezes a group.
        schedule: `constant`, or `cosine` from 1 down to `final_fraction` at the last step.
        final_fraction: where the cosine ends, as a fraction of the learning rate.
        warmup_steps: steps of linear growth at the start.
        clip_norm: largest norm of a seed's whole direction, None for no clipping.
        b1: Adam's decay of the mean.
        b2: Adam's decay of the mean square.
        eps: Adam's term outside the root.
        weight_decay: decoupled: every step also subtracts the step size times `weight_decay` times
            the parameters. Adam with it is AdamW.
        storage: how parameters are kept from one step to the next; as they are by default.
        storage_limits: pairs (group, largest magnitude) for groups whose limit is not that of
            `storage`; a mapping is taken too.

    Raises:
        ValueError: a value is out of range.
    """

    name: OptimiserName = "adam"
    learning_rate: float = 3e-3
    group_scales: tuple[tuple[str, float], ...] = ()
    schedule: ScheduleName = "constant"
    final_fraction: float = 0.0
    warmup_steps: int = 0
    clip_norm: float | None = None
    b1: float = 0.9
    b2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0
    storage: FixedPoint = dataclasses.field(default_factory=FixedPoint)
    storage_limits: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        for name in ("group_scales", "storage_limits"):
            given = getattr(self, name)
            pairs = given.items() if isinstance(given, Mapping) else given
            # Sorted, so that configurations that mean the same are equal and hash alike.
            ordered = tuple(sorted((str(group), float(value)) for group, value in pairs))
            object.__setattr__(self, name, ordered)
        self._check()

    def _check(self) -> None:
        for field, known in (("name", OptimiserName), ("schedule", ScheduleName)):
            value = getattr(self, field)
            if value not in get_args(known):
                what = "optimiser" if field == "name" else "schedule"
                raise ValueError(unknown_name(what, value, list(get_args(known))))
        for field in ("learning_rate", "eps", "clip_norm"):
            value = getattr(self, field)
            if value is not None:
                require(
                    math.isfinite(value) and value > 0,
                    f"{field} is {value}, expected a positive number",
                )
        for field in ("b1", "b2"):
            value = getattr(self, field)
            require(0 <= value < 1, f"{field} is {value}, expected a number in [0, 1)")
        require(
            math.isfinite(self.weight_decay) and self.weight_decay >= 0,
            f"weight_decay is {self.weight_decay}, expected a number from 0 up",
        )
        require(
            0 <= self.final_fraction <= 1,
            f"final_fraction is {self.final_fraction}, expected a fraction in [0, 1]",
        )
        require(
            self.warmup_steps >= 0, f"warmup_steps is {self.warmup_steps}, expected 0 or more steps"
        )
        groups = [group for group, _ in self.group_scales]
        require(len(set(groups)) == len(groups), f"group_scales names a group twice: {groups}")
        for group, scale in self.group_scales:
            require(
                math.isfinite(scale) and scale >= 0,
                f"the scale of group {group!r} is {scale}, expected a factor of 0 or more",
            )

    def step_sizes(self, groups: Iterable[str]) -> dict[str, float]:
        """`learning_rate * scale` of each group.

        Raises:
            ValueError: `group_scales` names a group that is not among `groups`.
        """
        known = list(groups)
        scales = dict(self.group_scales)
        for group in scales:
            if group not in known:
                raise ValueError(unknown_name("parameter group", group, known))
        return {group: self.learning_rate * scales.get(group, 1.0) for group in known}

    def plain_step_sizes(self, groups: Iterable[str]) -> dict[str, float] | None:
        """Step sizes if a step is just `p -= size * g`, else None.

        That is constant SGD, without clipping, weight decay or rounding.
        """
        is_bare = self.clip_norm is None and self.weight_decay == 0 and self.storage.is_exact
        plain = self.name == "sgd" and is_bare and not self.is_scheduled
        return self.step_sizes(groups) if plain else None

    @property
    def is_scheduled(self) -> bool:
        """Whether the step size depends on the step."""
        return self.schedule != "constant" or self.warmup_steps > 0


def build(
    config: OptimiserConfig, total_steps: int, params: Params
) -> optax.GradientTransformation:
    """The transformation for parameters with a leading seed axis; seeds do not see each other.

    Args:
        config: the optimiser.
        total_steps: length of the whole run, in steps; where the cosine ends.
        params: parameters as the learner stacks them, for the names of the groups.

    Returns:
        An optax transformation whose state, too, has a leading seed axis on every leaf. Plain SGD
        has no leaves at all.

    Raises:
        ValueError: a scale names an unknown group, or the warm-up is longer than the run.
    """
    require(
        not config.is_scheduled or config.warmup_steps < total_steps,
        f"warmup_steps is {config.warmup_steps}, but the whole run has {total_steps} steps; "
        "shorten the warm-up or train for more epochs",
    )
    sizes = config.step_sizes(groups_of(params))
    parts = []
    if config.clip_norm is not None:
        parts.append(optax.clip_by_global_norm(config.clip_norm))
    if config.name == "adam":
        parts.append(optax.scale_by_adam(config.b1, config.b2, config.eps))
    if config.weight_decay:
        parts.append(optax.add_decayed_weights(config.weight_decay))
    parts.append(_descend(sizes))
    if config.is_scheduled:
        parts.append(optax.scale_by_schedule(schedule_factor(config, total_steps)))
    if not config.storage.is_exact:
        parts.append(stored(config.storage, dict(config.storage_limits)))
    return _per_seed(optax.chain(*parts))


def schedule_factor(config: OptimiserConfig, total_steps: int) -> optax.Schedule:
    """Factor on the step size as a function of the step t = 0, 1, ...

        t < w:   (t + 1) / w                                        warm-up, w steps
        cosine:  f + (1 - f) (1 + cos(pi (t - w) / (total - w))) / 2

    Computed in float32 whatever the precision of the rest.
    """
    warmup, floor = config.warmup_steps, config.final_fraction
    length = max(total_steps - warmup, 1)

    def factor(count: ArrayLike) -> Array:
        t = jnp.asarray(count, jnp.float32)
        after = jnp.ones_like(t)
        if config.schedule == "cosine":
            progress = jnp.clip((t - warmup) / length, 0.0, 1.0)
            after = floor + (1 - floor) * 0.5 * (1 + jnp.cos(math.pi * progress))
        return jnp.where(t < warmup, (t + 1) / max(warmup, 1), after)

    return factor


def groups_of(params: Params) -> list[str]:
    """Names of the parameter groups: the top level of the parameters."""
    paths = jax.tree_util.tree_leaves_with_path(params)
    return list(dict.fromkeys(_group(path) for path, _ in paths))


def _group(path: tuple[Any, ...]) -> str:
    """First name of a leaf's path."""
    return jax.tree_util.keystr(path[:1], simple=True)


def _descend(sizes: Mapping[str, float]) -> optax.GradientTransformation:
    """Multiply each group by minus its step size."""
    return optax.stateless(
        lambda updates, _: jax.tree_util.tree_map_with_path(
            lambda path, leaf: -sizes[_group(path)] * leaf, updates
        )
    )


def _per_seed(inner: optax.GradientTransformation) -> optax.GradientTransformation:
    """`inner` for each entry of the leading axis by itself.

    optax mixes integer counts with floats, so it is traced under the standard promotion rules
    even where a caller has chosen strict ones.
    """

    def init(params: Params) -> optax.OptState:
        with jax.numpy_dtype_promotion("standard"):
            return jax.vmap(inner.init)(params)

    def update(
        updates: optax.Updates, state: optax.OptState, params: Params | None = None
    ) -> tuple[optax.Updates, optax.OptState]:
        with jax.numpy_dtype_promotion("standard"):
            return jax.vmap(inner.update)(updates, state, params)

    return optax.GradientTransformation(init, update)
