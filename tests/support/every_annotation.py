"""What imports the whole package and traces its learners, so that its annotations are checked.

`support.annotations.check_annotations` comes first. An error is raised where a module cannot be
imported so, or a call has other types or shapes than it is annotated with. Nothing is compiled.
"""

import importlib
import pkgutil

import jax
import jax.numpy as jnp

import latticework
from latticework.core.staged_learner import AbstractStagedLearner
from latticework.models import LeakyLearner, grid
from latticework.recipes import recipe
from latticework.rules import Bptt, HopTrace, Rtrl

NOT_IMPORTED = ("__main__", "_native")
SEEDS, BATCH = (0, 1), 2


def import_everything() -> int:
    """Every module of the package; how many there are."""
    names = [
        module.name
        for module in pkgutil.walk_packages(latticework.__path__, "latticework.")
        if module.name.split(".")[-1] not in NOT_IMPORTED
    ]
    for name in names:
        importlib.import_module(name)
    return len(names)


def trace(learner, shape: tuple[int, ...]) -> None:
    """All entries of a learner on encoded examples of `shape`."""
    params = jax.eval_shape(lambda: learner.init(SEEDS))
    keys = jax.eval_shape(lambda: jax.random.split(jax.random.key(0), len(SEEDS)))
    inputs = jax.ShapeDtypeStruct((len(SEEDS), BATCH, *shape), jnp.float32)
    targets = jax.ShapeDtypeStruct((len(SEEDS), BATCH), jnp.int32)
    tested = jax.ShapeDtypeStruct((BATCH, *shape), jnp.float32)
    classes = jax.ShapeDtypeStruct((BATCH,), jnp.int32)
    jax.eval_shape(learner.updates, params, inputs, targets, keys)
    jax.eval_shape(learner.points, params, tested, classes)
    if isinstance(learner, AbstractStagedLearner):
        jax.eval_shape(learner.features, params, inputs)
        return
    memory = jax.eval_shape(lambda: learner.init_memory(SEEDS))
    jax.eval_shape(learner.learn, params, memory, inputs, targets, keys)


def main() -> None:
    """Import, trace, say how much."""
    modules = import_everything()
    net = grid(3, 3)
    rules = (Bptt(), Rtrl(), HopTrace(1))
    kernels = ("reference", "skewed_adjoint", "skewed_traces")
    traced = 0
    for rule in rules:
        for kernel in kernels:
            try:
                learner = LeakyLearner(net, rule, kernel_name=kernel)
            except ValueError:
                continue  # the kernel does not know the rule
            trace(learner, (3, 3))
            traced += 1
    for name in ("gridnet-mnist", "glom-mnist", "tnn-v7"):
        chosen = recipe(name)
        raw = jax.ShapeDtypeStruct((28, 28), jnp.uint8)
        trace(chosen.learner(), jax.eval_shape(chosen.task.encode, raw).shape)
        traced += 1
    print(f"{modules} modules imported, {traced} learners traced")
