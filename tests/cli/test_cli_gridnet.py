"""Training a small gridnet by the command line, with its pictures."""

from PIL import Image

from latticework.cli.main import main

SMALL = ["--task.dataset", "digits", "--training.epochs", "1", "--training.train-size", "64"]
SMALL += ["--training.eval-subset", "50", "--optimiser.warmup-steps", "0", "--outer-steps", "3"]


def test_a_run_is_drawn(tmp_path):
    run = tmp_path / "run"
    assert main(["train", "gridnet-mnist", *SMALL, "--run-dir", str(run), "--json"]) == 0
    assert {"cube.png", "reach.png", "cube.gif"} <= {path.name for path in run.iterdir()}
    with Image.open(run / "cube.gif") as film:
        assert getattr(film, "n_frames", 1) == 4  # before any sweep, and after each
