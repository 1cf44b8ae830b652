import io

import pytest
from rich.console import Console
from train_support import compiled_once, run

from latticework.train import LineProgress, RichProgress, SilentProgress, choose_progress
from latticework.train.config import TrainingConfig
from latticework.train.pace import Pace
from latticework.train.progress import Moment, clock, moment_text


@pytest.fixture(scope="module", autouse=True)
def compilations(tmp_path_factory):
    with compiled_once(tmp_path_factory.getbasetemp() / "compiled"):
        yield


def console(terminal):
    return Console(file=io.StringIO(), force_terminal=terminal, width=120)


def test_the_display_fits_the_place():
    assert isinstance(choose_progress(console(True)), RichProgress)
    assert isinstance(choose_progress(console(False)), LineProgress)
    assert isinstance(choose_progress(console(True), silent=True), SilentProgress)


def test_plain_lines_without_a_terminal():
    place = console(False)
    result = run(epochs=3, eval_every=2, progress=choose_progress(place))
    begun, *lines = place.file.getvalue().splitlines()
    assert begun == "compiling, then 3 epochs; a line follows for each" and len(lines) == 4
    assert lines[0].startswith(f"epoch 1/3  loss {result.metrics[0]['train_loss']:.4f}  train 0.")
    assert "  test -  " in lines[0]
    assert f"  test {result.metrics[1]['test_accuracy']:.4f}  " in lines[1]
    assert "examples/s" in lines[0]
    assert lines[0].endswith("left")
    assert lines[3] == "finished 3 epochs"
    assert "\x1b" not in place.file.getvalue()


def test_one_live_line_in_a_terminal():
    place = console(True)
    run(epochs=2, chunk_steps=5, progress=choose_progress(place))
    text = place.file.getvalue()
    for part in (
        "epoch 1/2",
        "epoch 2/2",
        "loss ",
        "accuracy ",
        "examples/s",
        "left",
        "finished 2",
    ):
        assert part in text


def test_silence():
    place = console(True)
    run(epochs=1, progress=choose_progress(place, silent=True))
    assert place.file.getvalue() == ""


def test_the_terminal_is_given_back_after_a_failure(tmp_path):
    place = console(True)
    progress = choose_progress(place)

    def broken(raw):
        raise ValueError("this encoder does not fit")

    with pytest.raises(ValueError, match="this encoder does not fit"):
        run(encode=broken, progress=progress)
    assert "\x1b[?25h" in place.file.getvalue()  # the cursor is shown again


def test_words():
    assert [clock(s) for s in (0, 59.6, 61, 3661, -1)] == [
        "0:00",
        "1:00",
        "1:01",
        "1:01:01",
        "0:00",
    ]
    nothing = Moment(0, 1, 0, 10, None, None, 0.0, None)
    assert moment_text(nothing) == "loss -  accuracy -  0 examples/s"


def test_chunks_grow_to_about_their_time():
    pace = Pace(TrainingConfig(chunk_s=1.0), None, 0)
    step, lengths = 0, []
    for _ in range(6):
        stop = pace.stop(step, 10**6)
        lengths.append(stop - step)
        pace.took(stop - step, (stop - step) * 1e-3)
        step = stop
    assert lengths == [4, 32, 256, 1000, 1000, 1000]
    assert pace.stop(999_900, 10**6) == 10**6
    pace.took(1000, 1e6)
    assert pace.stop(0, 10) == 1


def test_blocks_are_kept_to():
    pace = Pace(TrainingConfig(chunk_steps=5), 4, 0)
    assert [pace.stop(step, 10) for step in (0, 4, 8)] == [4, 8, 10]
    assert pace.seconds_left(0, 10) is None
    assert pace.seconds_left(5, 10) >= 0
