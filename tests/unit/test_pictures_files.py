"""Every picture is a whole file of the right kind and of sane size, for every topology."""

import dataclasses
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

from latticework import pictures
from latticework.core.topology import AbstractTopology
from latticework.models import leaky_network
from latticework.pictures import style
from latticework.topologies import TOPOLOGIES, Grid, Tree
from support.close import FEW_ROUNDINGS, SUMS, close_to_largest

EVERY = [
    pytest.param(topology, id=f"{name}-{n}")
    for name in TOPOLOGIES
    for n, topology in enumerate(TOPOLOGIES.examples_of(name))
]
RECORDS = [
    {
        "epoch": epoch,
        "train_loss": 2.0,
        "per_seed": {
            "train_loss": [2.0 - 0.1 * epoch, 1.9],
            "train_accuracy": [0.2, 0.3],
            "test_accuracy": [0.25, None],
        },
    }
    for epoch in range(3)
]
HOPS = [
    {"hops": hops, "cosine": {"weight": cosine, "bias": 1.0}}
    for hops, cosine in enumerate([0.5, 0.9, 1.0])
]


def parameters_like(topology: AbstractTopology) -> dict[str, np.ndarray]:
    """Parameters of the leaky cell, drawn without compiling anything."""
    rng, shape = np.random.default_rng(0), topology.wiring.pred.shape
    return {
        "log_tau": rng.uniform(-7, -3, shape[0]).astype(np.float32),
        "weight": rng.normal(size=shape).astype(np.float32),
        "bias": rng.normal(size=shape[0]).astype(np.float32),
    }


def stream(topology: AbstractTopology, steps: int = 6, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 3, (steps, topology.wiring.num_channels)).astype(np.float32)


def episode_of(topology: AbstractTopology, steps: int = 6, seed: int = 0) -> pictures.Episode:
    """Activity out of thin air: what is drawn does not depend on how it came about."""
    wiring, rng = topology.wiring, np.random.default_rng(seed)
    outputs = np.tanh(rng.normal(size=(steps, wiring.num_cells)))
    scores = rng.normal(size=(steps, wiring.num_classes)).cumsum(axis=0)
    return pictures.Episode(wiring, stream(topology, steps, seed).astype(float), outputs, scores, 0)


def check_picture(path: Path) -> int:
    """The number of frames, after a look at the file."""
    with Image.open(path) as image:
        assert image.format == path.suffix[1:].upper()
        image.load()
        assert 100 <= image.width <= 2400
        assert 100 <= image.height <= 2400
        darkest, brightest = image.convert("L").getextrema()
        assert darkest < 100 < 250 < brightest, "nothing is drawn"
        assert path.stat().st_size < 1_000_000
        return getattr(image, "n_frames", 1)


def check_no_figure_is_left() -> None:
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums(), "a figure was left open"


@pytest.mark.parametrize("topology", EVERY)
def test_every_topology_can_be_drawn(topology: AbstractTopology, tmp_path: Path) -> None:
    episode = episode_of(topology, steps=3)
    params = parameters_like(topology)
    check_picture(pictures.cell_maps(topology.wiring, params, tmp_path / "maps.png"))
    check_picture(pictures.activity_sheet(episode, tmp_path / "sheet.png", most=2))
    assert check_picture(pictures.activity_gif(episode, tmp_path / "film.gif")) == 3
    check_picture(pictures.hero(episode, tmp_path / "hero.png", num_parameters=12, steps=(1,)))
    check_no_figure_is_left()


def test_a_run_gets_all_its_pictures(tmp_path: Path) -> None:
    topology = Grid(4, 3)
    made = pictures.save_run_pictures(
        tmp_path / "run",
        leaky_network(topology),
        parameters_like(topology),
        inputs=stream(topology),
        target=2,
        records=RECORDS,
        published=[(1, 0.3), (3, 0.5)],
        hop_rows=HOPS,
        title="grid",
    )
    assert [path.name for path in made] == [
        "cell_maps.png",
        "learning_curve.png",
        "activity.png",
        "activity.gif",
        "hop_cosine.png",
    ]
    names = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert names == sorted(path.name for path in made), "a temporary file was left behind"
    for path in made:
        check_picture(path)
    check_no_figure_is_left()


def test_only_what_is_given_is_drawn(tmp_path: Path) -> None:
    topology = Grid(2, 2)
    made = pictures.save_run_pictures(tmp_path, leaky_network(topology), parameters_like(topology))
    assert [path.name for path in made] == ["cell_maps.png"]


@pytest.mark.parametrize("topology", [Grid(), Tree()], ids=lambda t: type(t).__name__)
def test_an_animation_of_published_size_is_small(
    topology: AbstractTopology, tmp_path: Path
) -> None:
    """Noise in every cell and frame is the worst case."""
    episode = episode_of(topology, steps=28)
    assert check_picture(pictures.activity_gif(episode, tmp_path / "a.gif")) == 28


def test_an_animation_that_would_be_large_is_thinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    episode = episode_of(Grid(6, 6), steps=9)
    whole = pictures.activity_gif(episode, tmp_path / "a.gif").stat().st_size
    module = sys.modules["latticework.pictures.film"]
    monkeypatch.setattr(module, "_MOST_BYTES", whole - 1)
    thinned = pictures.activity_gif(episode, tmp_path / "b.gif")
    assert thinned.stat().st_size < whole
    assert check_picture(thinned) == 5
    with Image.open(tmp_path / "a.gif") as first, Image.open(thinned) as second:
        assert second.info["duration"] == 2 * first.info["duration"]
        first.seek(8)
        second.seek(4)
        assert first.convert("RGB").tobytes() == second.convert("RGB").tobytes()


def test_frames_show_the_activity(tmp_path: Path) -> None:
    """Each cell's colour covers some area of every frame, as does no other colour."""
    topology = Grid(3, 2)
    outputs = np.array([[-1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1], [-1, -1, -1, 1, 1, 1.0]])
    made_up = dataclasses.replace(episode_of(topology, steps=3), outputs=outputs)
    low, high = (255 * np.array(style.signed_colours()(end))[:3] for end in (0.0, 1.0))
    shares, durations = [], []
    with Image.open(pictures.activity_gif(made_up, tmp_path / "a.gif")) as image:
        for frame in range(3):
            image.seek(frame)
            pixels = np.asarray(image.convert("RGB"), float)
            blue, red = ((np.abs(pixels - end).max(axis=-1) < 8).sum() for end in (low, high))
            shares.append(blue / (blue + red))
            durations.append(image.info["duration"])
        assert image.info["loop"] == 0
    np.testing.assert_allclose(shares, [1 / 6, 0, 1 / 2], atol=0.04)
    assert durations[2] > durations[1] == durations[0], "the last frame should stay"


def test_a_long_stream_is_shown_at_some_steps(tmp_path: Path) -> None:
    episode = episode_of(Grid(1, 2), steps=784)
    moments = episode.moments(40)
    assert len(moments) == 40
    assert moments[-1] == 783
    film = pictures.activity_gif(episode, tmp_path / "a.gif", most_frames=5)
    assert check_picture(film) == 5
    check_picture(pictures.activity_sheet(episode, tmp_path / "a.png", most=2))


def test_telling_moments_begin_with_the_input() -> None:
    quiet = np.zeros((20, 2))
    quiet[5:9] = 1.0
    episode = dataclasses.replace(episode_of(Grid(2, 2), steps=20), inputs=quiet)
    assert episode.telling_moments(3) == [5, 12, 19]
    silent = dataclasses.replace(episode, inputs=np.zeros((20, 2)))
    assert silent.telling_moments(2) == [9, 19]


def test_one_step_has_one_moment() -> None:
    assert episode_of(Grid(1, 1), steps=1).moments(12) == [0]


def test_the_same_picture_twice_is_the_same_file(tmp_path: Path) -> None:
    episode = episode_of(Grid(2, 2))
    first = pictures.activity_gif(episode, tmp_path / "a.gif").read_bytes()
    assert pictures.activity_gif(episode, tmp_path / "b.gif").read_bytes() == first
    first = pictures.hero(episode, tmp_path / "a.png", num_parameters=8).read_bytes()
    assert pictures.hero(episode, tmp_path / "b.png", num_parameters=8).read_bytes() == first


def test_record_is_what_the_network_does() -> None:
    topology = Grid(3, 2)
    network, params, inputs = leaky_network(topology), parameters_like(topology), stream(topology)
    episode = pictures.record(network, params, inputs, 1)
    activity = network.forward(jax.tree.map(jax.numpy.asarray, params), inputs)
    close_to_largest(episode.outputs, activity.outputs, FEW_ROUNDINGS)
    close_to_largest(episode.scores[-1], activity.readouts.sum(axis=0), SUMS)
    assert episode.prediction == int(np.argmax(activity.readouts.sum(axis=0)))
    assert f"predicted {episode.prediction}" in episode.verdict()


def test_confusions_are_counted() -> None:
    counts = pictures.count_confusions(np.array([0, 1, 1, 2]), np.array([0, 2, 1, 2]), 3)
    assert counts.tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 1]]
