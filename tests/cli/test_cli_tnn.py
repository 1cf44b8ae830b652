"""Temporal networks on the command line: train, draw, evaluate, describe."""

from cli_support import call

SHORT = (
    "tnn-v11",
    "--task.dataset",
    "digits",
    "--protocol.examples",
    "30",
    "--classifier.epochs",
    "2",
)


def test_train_draw_and_evaluate(tmp_path):
    folder = tmp_path / "run"
    said = call("train", *SHORT, "--run-dir", folder)
    assert said.status == 0, said.err
    assert "31 images to learn from, 29 for the classifier" in said.out
    assert "test accuracy on 29 held-out images of the training file: 0." in said.out
    for name in ("spikes.png", "weights.png", "winners.png", "drift.png", "waves.gif"):
        assert (folder / name).stat().st_size > 1000, name
    found = call("evaluate", folder, "--json").json
    assert found["name"] == "tnn-v11" and len(found["per_seed"]) == 1


def test_semantics_and_classifier_by_name(tmp_path):
    said = call(
        "train",
        "tnn-v11",
        "--task.dataset",
        "digits",
        "--classifier",
        "logistic",
        "--code",
        "poisson",
        "--semantics",
        "corrected",
        "--protocol.scheme",
        "honest",
        "--protocol.examples",
        "20",
        "--no-pictures",
        "--json",
        "--run-dir",
        tmp_path / "run",
    )
    assert said.status == 0, said.err
    stored = said.json["recipe"] or {}
    assert said.json["test_accuracy"] is not None, stored


def test_what_cannot_be_met_is_one_sentence(tmp_path):
    said = call("train", *SHORT, "--semantics", "fixed")
    assert said.status != 0
    said = call("train", "tnn-v11", "--task.dataset", "digits", "--run-dir", tmp_path / "r")
    assert said.status == 2 and "ask for at most 499" in said.err
    said = call("train", "tnn-v11", "--wave-length", "40")
    assert said.status == 2 and "2 to 32 expected" in said.err
    said = call("train", "tnn-v7-no-recurrence", "--task.crop", "1", "--task.dataset", "digits")
    assert said.status == 2 and "all its inputs together drive it with at most" in said.err


def test_describe_shows_the_wiring():
    said = call("describe", "tnn-v8")
    assert "buffer1 -> rtnn: 0 to 16 on 10%" in said.out
    assert "10 winners" in said.out
