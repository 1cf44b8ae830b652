"""Islands of agreement, strokes, and the pictures of both."""

import numpy as np
import pytest

from latticework.pictures.island_curves import island_curves
from latticework.pictures.level_maps import colours, level_maps, level_movie
from latticework.pictures.persistence_curves import persistence_curves
from latticework.readouts.islands import census, connected, islands, match, strokes


def two_halves() -> np.ndarray:
    vectors = np.zeros((3, 4, 6))
    vectors[0, :, :3] = 1.0
    vectors[1, :, 3:] = 2.0
    return vectors


def test_two_halves_are_two_islands():
    labels = islands(two_halves())
    assert len(np.unique(labels)) == 2
    assert (labels[:, :3] == labels[0, 0]).all() and (labels[:, 3:] == labels[0, 5]).all()
    found = census(two_halves())
    assert (found.number, found.largest, found.typical) == (2, 12, 12.0)
    assert found.agreement == pytest.approx((38 - 4) / 38), "4 of 38 neighbouring pairs differ"


def test_length_does_not_matter_and_silence_agrees_with_silence():
    vectors = two_halves() * np.linspace(1, 5, 24).reshape(1, 4, 6)
    assert len(np.unique(islands(vectors))) == 2
    assert len(np.unique(islands(np.zeros((3, 4, 4))))) == 1
    mixed = np.zeros((2, 2, 2))
    mixed[:, 0, 0] = 1.0
    assert len(np.unique(islands(mixed))) == 2


def test_far_corners_and_diagonals_are_no_neighbours():
    vectors = np.zeros((2, 3, 3))
    vectors[0], vectors[1] = np.eye(3), 1 - np.eye(3)
    labels = islands(vectors)
    assert len(np.unique(labels[np.eye(3, dtype=bool)])) == 3


def test_connected_follows_a_path():
    down = np.array([[True, False]])
    right = np.array([[False], [True]])
    labels = connected(down, right)
    assert labels[0, 0] == labels[1, 0] == labels[1, 1] != labels[0, 1]


def test_a_threshold_is_a_cosine():
    with pytest.raises(ValueError, match=r"threshold is 1\.5, expected a cosine"):
        islands(two_halves(), 1.5)


def test_a_cross_bar_and_a_stem_are_two_strokes():
    image = np.zeros((28, 28))
    image[4:8, 4:24] = 1.0
    image[8:26, 12:16] = 1.0
    cut = strokes(image)
    assert (cut[image == 0] == -1).all()
    assert cut[5, 5] != cut[22, 14], "the bar and the stem"
    assert cut[20, 14] == cut[24, 14], "the stem is one"


def test_match_is_one_for_the_same_and_none_by_chance():
    labels = np.arange(4).reshape(2, 2)
    parts = np.kron(labels, np.ones((3, 3), int))
    assert match(labels, parts) == pytest.approx(1.0)
    assert match(np.zeros((2, 2), int), parts) == pytest.approx(0.0)
    assert np.isnan(match(labels, -np.ones((6, 6), int))), "nothing to find"
    assert np.isnan(match(labels, np.zeros((6, 6), int))), "one part"
    random = np.random.default_rng(0).integers(0, 4, (6, 6))
    assert abs(match(random, parts)) < 0.2


def states(steps=3) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(steps, 2, 4, 5, 5))


def test_colours_are_colours_and_tell_halves_apart():
    painted = colours(np.stack([two_halves()] * 2)[None])
    assert painted.shape == (1, 2, 4, 6, 3)
    assert painted.min() >= 0 and painted.max() <= 1
    assert np.abs(painted[0, 0, 0, 0] - painted[0, 0, 0, 5]).max() > 0.5
    assert np.ptp(painted[0, 0, :, :3], axis=(0, 1)).max() == 0


def test_pictures_are_written(tmp_path):
    image = np.eye(10)
    sheet = level_maps(states(), image, tmp_path / "levels.png", title="a test")
    movie = level_movie(states(), image, tmp_path / "levels.gif", captions=["one", "two", "three"])
    assert sheet.stat().st_size > 5000 and movie.stat().st_size > 5000
    row = {
        "network": "n",
        "weights": "trained",
        "columns": 25,
        "steps": [1, 2],
        "number": [[3, 4], [5, 6]],
        "typical": [[3, 4], [5, 6]],
    }
    assert island_curves([row, row], tmp_path / "islands.png").is_file()
    held = {
        "network": "n",
        "event": "swap",
        "event_at": 1,
        "steps": [4, 8],
        "accuracy": [0.1, 0.9],
        "share": [0.5, 0.6],
    }
    path = persistence_curves([held], tmp_path / "held.png", events={"swap": "another"})
    assert path.is_file()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda path: level_maps(states()[0], np.eye(3), path / "a.png"), "states have shape"),
        (lambda path: level_maps(states(), np.eye(3), path / "a.gif"), "saved as .png"),
        (lambda path: level_movie(states(), np.eye(3), path / "a.png"), "saved as .gif"),
        (lambda path: island_curves([], path / "a.png"), "there is nothing to draw"),
        (lambda path: persistence_curves([], path / "a.png", events={}), "nothing to draw"),
    ],
)
def test_pictures_say_what_does_not_fit(call, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        call(tmp_path)
