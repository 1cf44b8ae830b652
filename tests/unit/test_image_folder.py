"""Image folders: the split, the crops, reading ahead, what cannot be read; training on one."""

import dataclasses
import hashlib
import os

import numpy as np
import pytest
from PIL import Image

from latticework.core.examples import Place
from latticework.models import PatchFaces
from latticework.recipes import prepare, recipe, run
from latticework.recipes.gridnet_recipe import GridnetRecipe
from latticework.schedules import Blocked
from latticework.tasks import DataSource, ImageFolder
from latticework.tasks.image_files import Crop
from latticework.tasks.image_folder import held_out
from latticework.topologies import Lattice
from latticework.train import Outcome

SIDE, PER_CLASS = 8, 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two classes: bright above, and bright below."""
    root = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for name in ("above", "below"):
        (root / name).mkdir()
        for number in range(PER_CLASS):
            pixels = rng.integers(0, 60, (12, 16, 3), np.uint8)
            half = pixels[:6] if name == "above" else pixels[6:]
            half += np.uint8(180)
            suffix = "png" if number % 2 else "jpg"
            Image.fromarray(pixels).save(root / name / f"{number:03}.{suffix}")
    (root / "notes.txt").write_text("a file beside the classes is none of them")
    return root


def task_of(folder, **more) -> ImageFolder:
    return ImageFolder(str(folder), side=SIDE, num_classes_at_most=2, **more)


def test_the_split_is_that_of_the_paths(folder):
    data = task_of(folder).load()
    paths = [
        os.path.join(str(folder), name, file)  # noqa: PTH118
        for name in ("above", "below")
        for file in sorted(one.name for one in (folder / name).iterdir())
    ]
    expected = [hashlib.md5(path.encode()).hexdigest()[0] == "0" for path in paths]
    assert [held_out(path) for path in paths] == expected
    assert data.train_inputs.paths == tuple(
        path for path, held in zip(paths, expected, strict=True) if not held
    )
    assert len(data.test_inputs) == len(data.test_targets) == sum(expected)
    assert data.test_inputs.dtype == np.uint8
    assert data.test_inputs.shape[1:] == (3, SIDE, SIDE)
    assert set(data.train_targets) == {0, 1}
    assert len(task_of(folder, max_test=1).load().test_targets) == 1


def test_crops_are_decided_by_their_place(folder):
    files = task_of(folder).load().train_inputs
    place = Place(step=3, seed=0, slot=1, example=5)
    assert np.array_equal(files.read(place), files.read(place))
    others = [place._replace(step=4), place._replace(slot=2), place._replace(seed=1)]
    assert all(not np.array_equal(files.read(place), files.read(other)) for other in others)
    places = [place._replace(slot=slot, example=slot) for slot in range(6)]
    batches = list(files.batches(places, 3))
    assert [batch.shape for batch in batches] == [(3, 3, SIDE, SIDE)] * 2
    assert np.array_equal(np.concatenate(batches), [files.read(one) for one in places])


def test_a_crop_lies_inside_and_may_be_mirrored():
    image = Image.fromarray(np.arange(20 * 10 * 3, dtype=np.uint8).reshape(10, 20, 3))
    crop = Crop(4, min_area=0.1, max_ratio=1.5, flips=False, seed=0)
    random = np.random.default_rng(0)
    for _ in range(50):
        left, top, right, bottom = crop._box(20, 10, random)
        assert 0 <= left < right <= 20
        assert 0 <= top < bottom <= 10
    whole = Crop(10, min_area=1.0, max_ratio=1.0, flips=False, seed=0)
    # No square has all of the area of a bar, so the middle is taken.
    assert whole._box(20, 10, random) == (5, 0, 15, 10)
    plain = whole(image, random)
    flipping = dataclasses.replace(whole, flips=True)
    seen = {bool(np.array_equal(flipping(image, random), plain)) for _ in range(20)}
    assert seen == {True, False}


def imagenet(folder, **task) -> GridnetRecipe:
    """The recipe, small enough for a test."""
    base = recipe("gridnet-imagenet")
    assert isinstance(base, GridnetRecipe)
    return dataclasses.replace(
        base,
        task=task_of(folder, min_area=0.7, **task),
        topology=Lattice((4, 4, 4)),
        schedule=Blocked((2, 2, 2), inner_steps=2),
        image=PatchFaces(SIDE, 2, channels=2, mean=(0.5,), sd=(0.25,)),
        outer_steps=2,
        kernel="reference",
        optimiser=dataclasses.replace(base.optimiser, learning_rate=1e-2),
        training=dataclasses.replace(
            base.training, epochs=2, batch_size=8, eval_batch=8, chunk_steps=1
        ),
    )


@pytest.mark.all
def test_it_learns_and_resumes_in_the_middle_of_an_epoch(folder, tmp_path):
    prepared = prepare(imagenet(folder), DataSource(None, True))
    whole = run(prepared, [0], run_dir=tmp_path / "whole")
    assert whole.outcome is Outcome.FINISHED
    losses = [line["train_loss"] for line in whole.metrics]
    assert losses[-1] < losses[0]
    assert whole.metrics[0]["skipped_images"] == 0

    # The same, killed after some steps of the first epoch, and gone on with.
    training = dataclasses.replace(prepared.recipe.training, checkpoint_every_s=0.0)
    other = dataclasses.replace(
        prepared, recipe=dataclasses.replace(prepared.recipe, training=training)
    )
    count = 0

    class KilledError(Exception):
        pass

    class Counting(type(other.dataset.train_inputs)):
        def batches(self, places, size):
            nonlocal count
            count += 1
            if count == 4:
                raise KilledError
            return super().batches(places, size)

    files = other.dataset.train_inputs
    broken = dataclasses.replace(
        other.dataset,
        train_inputs=Counting(files.paths, files.crop, files.skip_corrupt),
    )
    with pytest.raises(KilledError):
        run(dataclasses.replace(other, dataset=broken), [0], run_dir=tmp_path / "cut")
    resumed = run(other, [0], run_dir=tmp_path / "cut", resume=True)
    assert np.array_equal(whole.params["network"]["weight"], resumed.params["network"]["weight"])
    assert np.array_equal(whole.test_accuracy, resumed.test_accuracy)


@pytest.fixture
def damaged(folder, tmp_path):
    """The folder with one training image cut short."""
    copy = tmp_path / "copy"
    for name in ("above", "below"):
        (copy / name).mkdir(parents=True)
        for file in (folder / name).iterdir():
            (copy / name / file.name).write_bytes(file.read_bytes())
    bad = task_of(copy).load().train_inputs.paths[3]
    with open(bad, "r+b") as file:  # noqa: PTH123
        file.truncate(60)
    return copy, bad


def test_a_corrupt_image_is_named_or_counted(damaged):
    copy, bad = damaged
    files = task_of(copy).load().train_inputs
    place = Place(0, 0, 0, 3)
    with pytest.raises(ValueError, match=f"the image {bad} of class (above|below) cannot be read"):
        files.read(place)
    with pytest.raises(ValueError, match="cannot be read"):
        list(files.batches([place], 1))
    skipping = task_of(copy, skip_corrupt=True).load().train_inputs
    assert np.array_equal(
        skipping.read(place).shape, skipping.read(place._replace(example=4)).shape
    )
    assert skipping.facts == {"skipped_images": 1}


def test_folders_that_hold_nothing_are_refused(tmp_path, folder):
    with pytest.raises(ValueError, match=r"give --task.folder PATH"):
        ImageFolder().load()
    with pytest.raises(ValueError, match="there is no folder"):
        task_of(tmp_path / "nowhere").load()
    with pytest.raises(ValueError, match="has no sub-directory"):
        task_of(tmp_path).load()
    (tmp_path / "cats").mkdir()
    with pytest.raises(ValueError, match="hold no file"):
        task_of(tmp_path).load()
    (tmp_path / "cats" / "a.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match="one of sixteen is held out"):
        task_of(tmp_path).load()
    with pytest.raises(ValueError, match=r"set --task.num-classes-at-most 2"):
        ImageFolder(str(folder), num_classes_at_most=1).load()
    with pytest.raises(ValueError, match="min_area is 0"):
        ImageFolder(min_area=0.0)
    with pytest.raises(ValueError, match="cannot be encoded; unsigned bytes"):
        task_of(folder).encode(np.zeros((3, SIDE, SIDE), np.float32))


def test_a_task_that_does_not_fit_is_refused(folder):
    wrong = dataclasses.replace(imagenet(folder), task=ImageFolder(str(folder), side=16))
    with pytest.raises(ValueError, match="the network takes"):
        wrong.check()
