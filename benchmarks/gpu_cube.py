"""The cube in gpu.py: by one kernel or another, and in plain torch."""

import functools
import importlib.util
import time
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
from gpu_measure import (
    Line,
    Step,
    directions,
    error_of,
    random_batch,
    share,
    spread,
    timed,
    training,
    truth,
)

from latticework.cells import GatedNeighbourMix, NeighbourMix
from latticework.core.words import plural
from latticework.models import Gridnet, GridnetLearner, ImageFace
from latticework.schedules import Blocked
from latticework.topologies import Lattice
from latticework.train import OptimiserConfig, build


def cube_parity(path: str, small: bool, _: float) -> Iterator[Step]:
    """The cube by one kernel: values and gradients."""
    if _has_no_device(path):
        yield path, _no_device
        return
    cells = {"plain": NeighbourMix(), "gated": GatedNeighbourMix()}
    cases = (("plain", 1), ("gated", 2), ("plain", 2), ("gated", 1))
    for name, inner in cases[: 1 if small else None]:
        words = f"{name} cube, {plural(inner, 'inner step')}"
        yield words, functools.partial(_cube_parity, path, cells[name], inner, small)


def cube(path: str, small: bool, repeat: float) -> Iterator[Step]:
    """The published cube by one kernel, forward and a training step."""
    if _has_no_device(path):
        yield path, _no_device
        return
    outer, batch = (2, 2) if small else (64, 256)
    side = 8 if small else 32
    face = ImageFace(4, 4, offset=2) if small else ImageFace()
    net = Gridnet(
        Lattice((side,) * 3), image=face, schedule=Blocked((side // 4,) * 3), outer_steps=outer
    )
    learner = GridnetLearner(net, kernel_name=path)
    yield "cube, forward", lambda: _cube_time(learner, batch, repeat, learns=False)
    yield "cube, training step", lambda: _cube_time(learner, batch, repeat, learns=True)


def _has_no_device(path: str) -> bool:
    return path == "cuda" and jax.default_backend() == "cpu"


def _no_device() -> Line:
    return {"kind": "note", "note": "there is no GPU"}


def _cube_parity(path: str, cell: Any, inner: int, small: bool) -> Line:
    side, batch = (4, 2) if small else (16, 5)
    face = ImageFace(side - 2, side - 2, offset=1)
    net = Gridnet(
        Lattice((side,) * 3),
        cell,
        Blocked((side // 2,) * 3, inner),
        image=face,
        outer_steps=2 if small else 4,
    )
    rng = np.random.default_rng(0)
    drawn = GridnetLearner(net, kernel_name="reference").init([0])
    # No entry special: what begins at 0 or 1 hides mistakes.
    params = jax.tree.map(
        lambda leaf: np.asarray(leaf) + np.float32(0.1) * random_batch(rng, *leaf.shape), drawn
    )
    images, classes = (
        random_batch(rng, 1, batch, side - 2, side - 2),
        rng.integers(0, 10, (1, batch)),
    )
    arrays = (params, images, classes.astype(np.int32))
    one, definition = (
        functools.partial(directions, GridnetLearner(net, kernel_name=name))
        for name in (path, "reference")
    )
    return {"path": path, **error_of(one, arrays, truth(definition, arrays))}


def _cube_time(learner: GridnetLearner, batch: int, repeat: float, *, learns: bool) -> Line:
    rng = np.random.default_rng(0)
    params = learner.init([0])
    shape = learner.network.image.image_shape
    images = random_batch(rng, 1, batch, *shape)
    operations = learner.network.operations() * batch
    if not learns:
        line = timed(lambda given: learner.scores(*given), (params, images[0]), repeat)
        return {"path": learner.kernel, "batch": batch, **share(line, operations)}
    config = OptimiserConfig(learning_rate=1e-3, weight_decay=1e-3)
    state = (
        params,
        build(config, 1000, params).init(params),
        images,
        rng.integers(0, 10, (1, batch)).astype(np.int32),
        jax.random.split(jax.random.key(0), 1),
    )
    line = timed(training(learner, config), state, repeat, chains=True)
    return {"path": learner.kernel, "batch": batch, **share(line, 3 * operations)}


def torch(small: bool, repeat: float) -> Iterator[Step]:
    """The published cube in plain torch, with few sweeps scaled to all of them."""
    if importlib.util.find_spec("torch") is None:
        yield "torch", lambda: {"kind": "note", "note": "torch is not here"}
        return
    for work in ("forward", "training step"):
        yield f"cube, {work}", lambda work=work: _torch_time(work, small, repeat)


def _torch_time(work: str, small: bool, repeat: float) -> Line:
    import torch
    from gridnet_torch import Classifier

    if not small and not torch.cuda.is_available():
        return {"kind": "note", "note": "torch sees no GPU"}
    place = "cuda" if torch.cuda.is_available() else "cpu"
    side, outer, fewer, batch = (32, 64, 4, 2) if small else (32, 64, 4, 256)
    model = Classifier(side, 8, fewer).to(place)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-3)
    image = torch.randn(batch, 28, 28, device=place)
    label = torch.randint(0, 10, (batch,), device=place)

    def call() -> None:
        if work == "forward":
            with torch.no_grad():
                model(image)
        else:
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(model(image), label).backward()
            optimiser.step()
        if place == "cuda":
            torch.cuda.synchronize()

    call()
    call()
    seconds: list[float] = []
    while len(seconds) < 5 or (sum(seconds) < repeat and len(seconds) < 500):
        start = time.perf_counter()
        call()
        seconds.append((time.perf_counter() - start) * outer / fewer)
    return {
        "kind": "timing",
        "path": f"torch {torch.__version__}",
        "batch": batch,
        "note": f"{fewer} sweeps, scaled to {outer}",
        **spread(seconds),
    }
