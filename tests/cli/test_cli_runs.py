"""`latticework evaluate` and `latticework predict`: what is done with a run."""

import json
import shutil

import numpy as np
import pytest
from cli_support import call, refuse, rewrite_meta
from PIL import Image

from latticework.recipes import read_recipe
from latticework.studies.own_images import read_examples
from latticework.tasks import DataSource, RowImage


@pytest.fixture(scope="module")
def digits_run(tmp_path_factory):
    """A short run on images, to predict pictures with."""
    folder = tmp_path_factory.mktemp("digits") / "run"
    argv = ["tree-snap1", "--task.dataset", "digits", "--training.eval-subset", "None"]
    argv += ["--training.epochs", "1", "--training.train-size", "320", "--no-pictures"]
    assert call("train", *argv, "--run-dir", folder, "--json").status == 0
    return folder


@pytest.fixture
def sequences(trained, tmp_path):
    """Test examples of the trained run, as a file, and their classes."""
    data = read_recipe(trained[0])[0].task.load(None)
    np.save(tmp_path / "test.npy", data.test_inputs)
    return tmp_path / "test.npy", data.test_targets


def stroke(background: int, ink: int, shape=(60, 40)) -> np.ndarray:
    pixels = np.full(shape, background, np.uint8)
    pixels[shape[0] // 6 : -shape[0] // 6, shape[1] // 2 - 3 : shape[1] // 2 + 3] = ink
    return pixels


def test_evaluate_measures_what_training_measured(trained):
    folder, said = trained
    found = call("evaluate", folder, "--json").json
    assert found["per_seed"] == said.json["per_seed"] == found["recorded"]
    assert found["summary"]["mean"] == said.json["test_accuracy"]
    assert found["epochs"] == 2 and found["test_examples"] == 60


def test_evaluate_text(trained):
    said = call("evaluate", trained[0], "--confusion")
    assert said.status == 0
    assert "synthetic-snap1 after 2 epochs, on all 60 test examples of bump" in said.out
    assert "mean" in said.out and "confusions of seed 0" in said.out


def test_confusions_add_up(trained):
    found = call("evaluate", trained[0], "--confusion", "--seed", "1", "--json").json
    counts = np.array(found["confusion"]["counts"])
    assert counts.sum() == 60
    assert np.trace(counts) / 60 == pytest.approx(found["per_seed"][1])


def test_a_seed_that_was_not_run(trained):
    assert "seed 7 was not run" in refuse("evaluate", trained[0], "--seed", "7")
    assert "seed 7 was not run" in refuse("predict", trained[0], "x.npy", "--seed", "7")


def test_predictions_agree_with_the_confusions(trained, sequences):
    path, targets = sequences
    first = []
    for seed in (0, 1):
        found = call("predict", trained[0], path, "--seed", seed, "--json").json
        assert [one["image"] for one in found[:2]] == [f"{path}[0]", f"{path}[1]"]
        assert all(sum(one["scores"]) == pytest.approx(1) for one in found)
        assert all(one["scores"][one["class"]] == max(one["scores"]) for one in found)
        told = call("evaluate", trained[0], "--confusion", "--seed", seed, "--json").json
        counts = np.zeros((3, 3), int)
        np.add.at(counts, (targets, [one["class"] for one in found]), 1)
        assert counts.tolist() == told["confusion"]["counts"]
        first.append(found[0]["scores"])
    assert first[0] != first[1]


def test_a_picture_of_any_size_and_colour(digits_run, tmp_path):
    Image.fromarray(stroke(0, 255)).save(tmp_path / "dark.png")
    Image.fromarray(stroke(255, 0)).convert("RGB").save(tmp_path / "bright.png")
    found = call("predict", digits_run, "dark.png", "bright.png", "--json").json
    dark, bright = found
    assert dark["scores"] == bright["scores"]
    assert not any("inverted" in note for note in dark["notes"])
    assert any("inverted" in note for note in bright["notes"])
    said = call("predict", digits_run, "bright.png")
    assert "bright.png: made grey, inverted" in said.out
    assert "scaled, its ink from 40 to 28 pixels, centred" in said.out
    assert "as the network gets bright.png:" in said.out and "\u2588" in said.out
    said = call("predict", digits_run, "bright.png", "--as-is", "--show", "no", "--png", "seen.png")
    assert "resized from 40 x 60 to 28 x 28" in said.out and "\u2588" not in said.out
    with Image.open("seen.png") as sheet:
        assert sheet.size[0] > 100


def test_inversion_can_be_forbidden_and_forced(tmp_path):
    Image.fromarray(stroke(255, 0, (28, 28))).save(tmp_path / "bright.png")
    path, task = tmp_path / "bright.png", RowImage("digits")

    def read(how):
        return read_examples(path, task, how, as_is=True)[0].raw

    np.testing.assert_array_equal(read("no"), 255 - read("auto"))
    np.testing.assert_array_equal(read("yes"), read("auto"))


def test_an_array_of_the_data_passes_untouched(tmp_path):
    images = RowImage("digits").load(DataSource(offline=True)).test_inputs[:3]
    np.save(tmp_path / "three.npy", images)
    np.save(tmp_path / "shares.npy", (images / 255).astype(np.float32))
    for name in ("three", "shares"):
        found = read_examples(tmp_path / f"{name}.npy", RowImage("digits"))
        np.testing.assert_array_equal(np.stack([one.raw for one in found]), images)


def test_sixteen_bits_and_transparency(tmp_path):
    wide = stroke(0, 255, (28, 28)).astype(np.uint16) * 257
    Image.fromarray(wide).save(tmp_path / "wide.png")
    (found,) = read_examples(tmp_path / "wide.png", RowImage("digits"), as_is=True)
    np.testing.assert_array_equal(found.raw, stroke(0, 255, (28, 28)))
    layers = np.zeros((28, 28, 4), np.uint8)
    layers[..., 3] = stroke(0, 255, (28, 28))
    Image.fromarray(layers, "RGBA").save(tmp_path / "clear.png")
    (found,) = read_examples(tmp_path / "clear.png", RowImage("digits"), as_is=True)
    np.testing.assert_array_equal(found.raw, stroke(0, 255, (28, 28)))
    assert "laid on white where it is transparent" in found.notes[0]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("absent.png", None, "there is no file absent.png"),
        ("text.png", b"hello", "cannot be read as a picture"),
        ("empty.npy", b"", "not a whole .npy file"),
        ("cut.npy", b"\x93NUMPY\x01\x00v\x00{'descr': '|u1', ", "not a whole .npy file"),
        ("blank.png", np.zeros((30, 30), np.uint8), "every pixel is 0"),
        ("nan.npy", np.full((28, 28), np.nan), "not finite"),
        ("big.npy", np.full((28, 28), 300.5), "from 300.5 to 300.5"),
        ("below.npy", np.full((28, 28), -1.0), "from -1 to -1"),
        ("flat.npy", np.zeros(28), "expected [height, width] or"),
        ("words.npy", np.array(["a"]), "plain numbers"),
    ],
)
def test_bad_pictures(digits_run, tmp_path, name, content, expected):
    if isinstance(content, bytes):
        (tmp_path / name).write_bytes(content)
    elif content is not None and name.endswith(".npy"):
        np.save(tmp_path / name, content)
    elif content is not None:
        Image.fromarray(content).save(tmp_path / name)
    assert expected in refuse("predict", digits_run, name)


def test_a_cut_picture(digits_run, tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)).save("whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:900])
    assert "cut.png cannot be read as a picture" in refuse("predict", digits_run, "cut.png")


def test_pictures_for_a_run_on_sequences(trained, tmp_path):
    Image.fromarray(stroke(0, 255)).save(tmp_path / "dark.png")
    assert "learned sequences, not pictures" in refuse("predict", trained[0], "dark.png")
    np.save(tmp_path / "wrong.npy", np.zeros((5, 4)))
    assert "this run learned sequences [12, 4]" in refuse("predict", trained[0], "wrong.npy")


def test_no_picture(trained):
    assert "predict needs a picture" in refuse("predict", trained[0])


def test_no_run(tmp_path):
    for command in (["evaluate", tmp_path], ["predict", tmp_path, "digit.png"]):
        assert "is not the folder of a run" in refuse(*command)


@pytest.mark.parametrize(
    ("file", "damage", "expected"),
    [
        ("checkpoint.safetensors", lambda raw: raw[:-100], "checkpoint"),
        ("checkpoint.safetensors", lambda raw: raw[:-40] + bytes(40), "damaged"),
        ("checkpoint.safetensors", lambda raw: b"", "damaged"),
        ("checkpoint.safetensors", lambda raw: None, "there is no checkpoint"),
        ("recipe.json", lambda raw: raw[:-20], "damaged"),
        ("recipe.json", lambda raw: b"{}", "not a recipe of this version"),
        ("result.json", lambda raw: b"[", "damaged"),
    ],
)
def test_a_corrupt_run(trained, tmp_path, file, damage, expected):
    folder = tmp_path / "run"
    shutil.copytree(trained[0], folder)
    raw = damage((folder / file).read_bytes())
    if raw is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(raw)
    sentence = refuse("evaluate", folder)
    assert expected in sentence and str(folder) in sentence
    if file == "checkpoint.safetensors" and raw is not None:
        assert "checkpoint" in refuse("train", "--resume", folder, "--no-pictures")


def test_data_that_are_gone_are_not_replaced(digits_run, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(digits_run, folder)
    stored = json.loads((folder / "recipe.json").read_text())
    stored["recipe"]["task"]["dataset"] = "mnist"
    (folder / "recipe.json").write_text(json.dumps(stored))
    (folder / "result.json").unlink()
    rewrite_meta(folder / "checkpoint.safetensors", lambda meta: _on_mnist(meta["fingerprint"]))
    assert "MNIST cannot be had" in refuse("evaluate", folder)


def _on_mnist(fingerprint: dict) -> None:
    fingerprint["recipe"]["recipe"]["task"]["dataset"] = "mnist"
