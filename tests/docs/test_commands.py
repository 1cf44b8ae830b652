"""Every command and every Python example of the documentation is run."""

import os
import re
import shlex
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from latticework.cli.main import COMMANDS, main

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SMALL = ["--task.dataset", "digits", "--training.epochs", "1", "--training.train-size", "64"]
SMALL += ["--training.eval-subset", "50", "--no-pictures"]
"""What makes a training of the documentation take a second or two."""

SMALL_TNN = ["--task.dataset", "digits", "--protocol.scheme", "honest"]
SMALL_TNN += ["--protocol.examples", "20", "--protocol.read", "40", "--no-pictures"]
"""Likewise for a temporal network, which learns in stages."""

LONG = frozenset({"reproduce", "bench", "study", "verify", "report"})
"""Commands that take minutes: run only as far as their arguments and their help."""

OF_EACH_FAMILY = frozenset(
    {"train tree-snap1 --rule bptt", "train gridnet-mnist", "train glom-mnist", "train tnn-v8"}
)
"""The trainings that `make test` runs; the others, which differ in a setting, are of test-all."""

PATIENCE = 1800
"""No command is ended because the machine is busy; seconds."""


def blocks(language: str) -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        for name, text in FENCE.findall(page.read_text()):
            if name == language:
                found.append((str(page.relative_to(ROOT)), text))
    return found


def commands() -> list[str]:
    """Each different line that calls the program, in any block, comments left out."""
    found: dict[str, None] = {}
    for language in ("sh", ""):
        for _, text in blocks(language):
            for line in text.splitlines():
                words = line.split("#")[0].strip()
                # Two commands on a line stand in columns.
                for command in re.split(r"\s{2,}(?=latticework )", words):
                    if command.startswith("latticework "):
                        found[command.removesuffix("&").strip()] = None
    return list(found)


def test_there_are_commands_and_examples():
    assert len(commands()) > 20
    assert len(blocks("python")) >= 3


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory) -> Path:
    """What RUN stands for."""
    folder = tmp_path_factory.mktemp("docs") / "run"
    assert main(["train", "tree-snap1", *SMALL, "--run-dir", str(folder), "--json"]) == 0
    return folder


def one_command(line: str):
    """A command as a parameter of pytest."""
    command = line.removeprefix("latticework ")
    trains = command.startswith("train ") and "--resume" not in command
    is_left = (trains and command not in OF_EACH_FAMILY) or "skewed_adjoint" in command
    marks = [pytest.mark.all] if is_left else []
    return pytest.param(line, marks=marks)


def is_long(words: list[str]) -> bool:
    """Whether a command is followed only as far as its help."""
    return words[0] in LONG


def run_together(commands: list[list[str]]) -> list[str]:
    """What went wrong in commands that are run at once, each in a process of its own."""
    program = "import sys; from latticework.cli.main import main; sys.exit(main(sys.argv[1:]))"

    def one(words: list[str]) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program, *words],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return done.stderr[-2000:] or "no word" if done.returncode else ""

    with ThreadPoolExecutor(len(commands)) as pool:
        return list(pool.map(one, commands))


@pytest.mark.all
def test_the_processes_of_one_run_run_together(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    together = [shlex.split(line)[1:] for line in commands() if "--process-id" in line]
    assert len(together) == 2
    together = [
        [address if word.startswith("localhost:") else word for word in words]
        + made_small(words, tmp_path / "new")
        for words in together
    ]
    assert not any(run_together(together))
    assert (tmp_path / "new" / "result.json").is_file()


def test_a_training_of_each_family_is_documented():
    assert {line.removeprefix("latticework ") for line in commands()} >= OF_EACH_FAMILY


@pytest.mark.parametrize(
    "command", [one_command(line) for line in commands() if "--process-id" not in line]
)
def test_a_command_runs(command, run_folder, tmp_path, monkeypatch, capsys):
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "latticework.demo.DemoServer.serve", lambda self: self._server.server_close()
    )
    monkeypatch.setattr("latticework.cli.demo._open", lambda url: None)
    digit = np.zeros((28, 28), np.uint8)
    digit[5:23, 13:16] = 255
    Image.fromarray(digit).save(tmp_path / "digit.png")
    if "pictures" in command:
        for number in range(96):
            picture = tmp_path / "pictures" / f"class{number % 2}" / f"{number}.png"
            picture.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(digit).save(picture)
    words = [str(run_folder) if w in ("RUN", "runs/NAME") else w for w in shlex.split(command)[1:]]
    words = [w.replace("NAME", "grid-best") for w in words]
    assert words[0] in COMMANDS
    if is_long(words):
        try:
            status = main([words[0], "--help"])
        except SystemExit as stop:
            status = stop.code
        assert not status
        return
    if words[0] == "train" and "--resume" not in words:
        words += made_small(words, tmp_path / "new")
    if words[0] == "gradcheck":
        words += ["--task.dataset", "digits", "--examples", "1", "--hops", "0", "1"]
    if "--devices" in words:  # which JAX must know before it starts
        assert not any(run_together([words]))
        return
    assert main(words) == 0, capsys.readouterr().err


def made_small(words: list[str], folder: Path) -> list[str]:
    """What to add to a training so that it takes a second or two."""
    small = SMALL_TNN if words[1].startswith("tnn") else SMALL
    if words[1].startswith(("gridnet", "glom")):
        # One step of training has no room for the recipe's warm-up.
        small = ["--optimiser.warmup-steps", "0", *SMALL]
    if "synthetic" in words[1]:
        small = ["--training.epochs", "1", "--no-pictures"]
    given = {w for w in words if w.startswith("--")}
    if "--task.folder" in given:
        given |= {"--task.dataset", "--training.eval-subset"}  # the folder is small as it is
    pairs = [small[n : n + 2] for n in range(0, len(small) - 1, 2)] + [[small[-1]]]
    return [w for pair in pairs if pair[0] not in given for w in pair] + ["--run-dir", str(folder)]


@pytest.mark.parametrize(
    ("page", "text"),
    [
        pytest.param(page, text, id=page, marks=[] if page == "README.md" else [pytest.mark.all])
        for page, text in blocks("python")
    ],
)
def test_an_example_runs(page, text, tmp_path):
    """In a process of its own, with the defaults of a reader."""
    done = subprocess.run(
        [sys.executable, "-c", text],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env={**os.environ, "JAX_PLATFORMS": "cpu"},
    )
    assert done.returncode == 0, f"{page}: {done.stderr[-2000:]}"
