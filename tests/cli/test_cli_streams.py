"""Standard streams: any encoding, closed or full."""

import io
import os
import subprocess
import sys

import pytest
from rich.console import Console
from rich.progress import Progress

from latticework.cli import streams
from latticework.cli.main import main
from latticework.core.plain_text import plain_character, plain_text
from latticework.core.side_work import warn

BOXES = "".join(map(chr, range(0x2500, 0x2580)))


def printed(monkeypatch, encoding: str, *argv: str) -> bytes:
    """What `latticework ARGV` writes to a standard output of that encoding, strict as Python's."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, errors="strict")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        patch.setattr(sys, "stderr", stream)
        main(list(argv))
        stream.flush()
    return raw.getvalue()


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("0.912 ± 0.003", "0.912 +- 0.003"),
        ("━━╸╺─│┌┬┼╭╯", "----" + "-|+++++"),
        ("déjà…", "deja..."),
        ("漢", "?"),
        ("run\udcff", "run\\xff"),
        ("\ud800", "?"),
        ("plain", "plain"),
    ],
)
def test_characters_have_plain_ones_beside_them(text, plain):
    assert plain_text(text) == plain


def test_every_character_has_a_plain_one():
    assert all(plain_character(chr(n)).isascii() for n in range(0x11000))
    assert all(plain_character(box) in "+-|" for box in BOXES)


@pytest.mark.parametrize(
    ("encoding", "sign"),
    [("ascii", b"+-"), ("latin-1", b"\xb1"), ("cp1252", b"\xb1"), ("cp437", b"\xf1")],
)
def test_any_encoding_takes_all_that_is_printed(monkeypatch, encoding, sign):
    assert b"grid-best" in printed(monkeypatch, encoding, "list")
    assert sign in printed(monkeypatch, encoding, "describe", "x±y")


def test_a_drawing_in_plain_characters(monkeypatch):
    assert b"-->[*]-->" in printed(monkeypatch, "ascii", "describe", "grid-best")


def test_a_file_name_that_is_no_text_is_printed(monkeypatch):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", stream)
    streams.settle_streams()
    print("run\udcff", end="", flush=True)
    assert raw.getvalue() == rb"run\xff"


def test_boxes_and_bars_are_plain_where_they_must_be():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    streams.settle_streams()
    stream.reconfigure(errors=streams.PLAIN_ERRORS)
    console = Console(file=stream, force_terminal=True, width=60)
    with Progress(console=console) as bar:
        bar.add_task("α ± β", total=3, completed=1)
    console.print("─│█▀ …")
    stream.flush()
    assert b"+-" in raw.getvalue() and b"-|## ..." in raw.getvalue()


def test_warnings_are_lines_on_standard_error(capsys):
    with streams.warnings_in_lines():
        warn("two\nlines \x1b")
    assert capsys.readouterr().err.count("\n") == 1


PROBE = """
import sys
from latticework.cli.main import main
status = main(sys.argv[2:])
with open(sys.argv[1], "w") as file:
    file.write(str(file.fileno()))
sys.exit(status)
"""


@pytest.mark.skipif(os.name == "nt", reason="its shell closes no streams")
@pytest.mark.parametrize("streams_are", ["<&- >&- 2>&-", ">/dev/full"])
def test_closed_and_full_streams(tmp_path, streams_are):
    """What the shell has closed takes no file's number; a full one is a sentence."""
    done = subprocess.run(
        [
            "sh",
            "-c",
            f'exec "$@" {streams_are}',
            "sh",
            sys.executable,
            "-c",
            PROBE,
            "found",
            "list",
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    if "full" in streams_are:
        assert done.returncode == 2
        assert done.stderr.startswith("latticework: ") and done.stderr.count("\n") == 1
    else:
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert int((tmp_path / "found").read_text()) > 2
