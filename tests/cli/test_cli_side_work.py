"""What is beside the point fails in every way: the accuracy is printed and the status is 0."""

import errno
import os
import shutil
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest
from cli_support import SMALL, call

from latticework.cli import reproduce, study, train
from latticework.core.side_work import warn_once
from latticework.pictures import style
from latticework.recipes import LeakyRecipe
from latticework.report.studies import read_studies
from latticework.studies import portrait
from latticework.studies.conduct import StudyResult
from latticework.train import LineProgress, SilentProgress, files

ROOT = Path(__file__).resolve().parents[2]
ERRORS = [
    OSError(errno.ENOSPC, "No space left on device"),
    RuntimeError("in the drawing\nlibrary"),
    MemoryError(),
    KeyError("a name"),
]
SIDE_WORK = {
    "all pictures": (train, "draw_run"),
    "reading the run": (portrait, "open_run"),
    "a curve": (portrait, "learning_curve"),
    "confusions": (portrait, "confusion_matrix"),
    "what a picture shows": (portrait, "_confusions"),
}


def raising(error):
    def call(*_, **__):
        raise error

    return call


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run, as `run` returns it, and its folder."""
    folder = tmp_path_factory.mktemp("side") / "run"
    kept = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder.parent)
        real = train.run
        patch.setattr(train, "run", lambda *a, **k: kept.setdefault("result", real(*a, **k)))
        said = call("train", *SMALL, "--no-pictures", "--run-dir", folder)
    assert said.status == 0, said
    return kept["result"], folder


@pytest.fixture
def again(finished, tmp_path, monkeypatch):
    """`train` with the finished run in the place of a training, and pictures that take no time."""
    result, folder = finished
    shutil.copytree(folder, tmp_path / "run")
    monkeypatch.setattr(train, "run", lambda *_, **__: result)
    monkeypatch.setattr(portrait, "learning_curve", lambda *_, **__: tmp_path / "curve.png")
    monkeypatch.setattr(portrait, "confusion_matrix", lambda *_, **__: tmp_path / "counts.png")
    monkeypatch.setattr(
        portrait, "PORTRAITS", {LeakyRecipe: lambda *_, **__: [tmp_path / "maps.png"]}
    )
    return lambda *more: call("train", *SMALL, "--run-dir", tmp_path / "run", *more)


def test_what_is_drawn_is_named(again):
    said = again()
    assert said.status == 0 and said.err == ""
    assert said.out.rstrip().endswith("curve.png, counts.png, maps.png")


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("name", SIDE_WORK)
def test_a_picture_that_fails_is_one_line(again, monkeypatch, name, error):
    place, function = SIDE_WORK[name]
    monkeypatch.setattr(place, function, raising(error))
    said = again()
    assert said.status == 0
    assert "test accuracy on all 60 sequences: 0." in said.out
    assert said.err.startswith("latticework: warning: ") and said.err.count("\n") == 1, said.err
    assert "picture" in said.err


def test_a_portrait_that_fails_leaves_the_others(again, monkeypatch):
    monkeypatch.setattr(portrait, "PORTRAITS", {LeakyRecipe: raising(ValueError("odd numbers"))})
    said = again("--json")
    assert said.status == 0 and said.json["epochs"] == 2
    assert said.err.startswith("latticework: warning: a picture of ")
    assert said.err.endswith("odd numbers\n")


def test_ctrl_c_while_drawing_comes_after_the_result(again, monkeypatch):
    monkeypatch.setattr(portrait, "learning_curve", raising(KeyboardInterrupt()))
    said = again()
    assert said.status == 130
    assert "test accuracy on all 60 sequences: 0." in said.out


def test_what_is_kept_for_others_is_no_side_work(again, monkeypatch, tmp_path):
    monkeypatch.setattr(train, "save_result", raising(OSError("cannot write results/runs")))
    said = again("--save", tmp_path)
    assert said.status == 2
    assert "test accuracy on all 60 sequences: 0." in said.out
    assert said.err == "latticework: cannot write results/runs\n"


def test_a_run_on_which_all_side_work_fails(tmp_path, monkeypatch, finished):
    """No folder can be synchronised, no progress shown, no picture saved: the same result."""
    fsync = os.fsync

    def files_only(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        fsync(descriptor)

    warn_once.cache_clear()
    monkeypatch.setattr(files.os, "fsync", files_only)
    monkeypatch.setattr(LineProgress, "epoch", raising(OSError(errno.EIO, "Input/output error")))
    monkeypatch.setattr(style, "write_atomically", raising(OSError(errno.ENOSPC, "no room")))
    said = call("train", *SMALL, "--run-dir", tmp_path / "run")
    assert said.status == 0, said
    accuracy = f"{finished[0].summary.mean:.3f}"
    assert f"test accuracy on all 60 sequences: {accuracy}" in said.out
    lines = said.err.splitlines()
    assert all(line.startswith("latticework: warning: ") for line in lines)
    for words in ("does not synchronise", "progress cannot be shown", "a picture of"):
        assert any(words in line for line in lines), (words, lines)
    assert not list((tmp_path / "run").glob("*.png"))


def test_a_display_that_fails_is_asked_no_more(monkeypatch):
    """Its end is, so that nothing of it stays on the screen."""
    asked = []

    class Broken(SilentProgress.__base__):
        def notes(self, texts):
            asked.append("notes")

        def begin(self, epochs, steps_per_epoch):
            asked.append("begin")

        def moment(self, moment):
            asked.append("moment")
            raise RuntimeError("it broke")

        def epoch(self, line, moment):
            asked.append("epoch")

        def end(self, message):
            asked.append(f"end {message!r}")

    shown = train.ForgivingProgress(Broken())
    shown.notes(["again"])
    shown.begin(1, 1)
    for _ in range(3):
        shown.moment(None)
    shown.epoch({}, None)
    shown.end("done")
    assert asked == ["notes", "begin", "moment", "end ''"]


def test_a_reader_who_has_seen_enough_ends_the_run():
    class Gone(SilentProgress.__base__):
        notes = begin = moment = epoch = end = raising(BrokenPipeError())

    with pytest.raises(BrokenPipeError):
        train.ForgivingProgress(Gone()).end("")


def test_recipes_that_ran_are_shown_when_a_later_one_cannot(finished, monkeypatch):
    results = iter([finished[0]])

    def run_once(*_, **__):
        for result in results:
            return result
        raise OSError("the data of the second are not here")

    monkeypatch.setattr(reproduce, "run", run_once)
    monkeypatch.setattr(reproduce, "prepare", lambda *_, **__: SimpleNamespace(dataset=None))
    monkeypatch.setattr(reproduce, "print_origin", lambda *_: None)
    said = call("reproduce", "synthetic-snap1", "synthetic-snap1")
    assert said.status == 2
    assert f"{finished[0].summary.mean:.3f}" in said.out
    assert said.err == "latticework: the data of the second are not here\n"


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_study_whose_picture_fails_has_its_table(monkeypatch, error):
    record = read_studies(ROOT)["hops"]
    result = StudyResult(record.study, record.rows, 1.0, len(record.rows), {})
    monkeypatch.setattr(study, "conduct", lambda *_, **__: result)
    monkeypatch.setattr(type(record.study), "draw", raising(error))
    said = call("study", "hops")
    assert said.status == 0
    assert f"{len(record.rows)} points in 0:01" in said.out
    assert said.err.startswith("latticework: warning: no picture of this study: ")
    assert said.err.count("\n") == 1
