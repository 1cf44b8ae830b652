"""Names and texts from outside: as file names, on a screen, in a command line, in pictures."""

import io
import json
import re
import shlex
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latticework.cli.output import command, console, table
from latticework.demo import ModelFile
from latticework.pictures import confusion_matrix
from latticework.report.results import result_path
from latticework.untrusted import file_name, printable

ODD = ("../../x", "/etc/passwd", "..", ".", "", ".hidden", "-rf", "a/b", "a\\b", "a b", "é", "数字")
ODD += ("con", "NUL.txt", "com1.json", "x" * 500, "a\n", "a\0b", "\x1b[31m", "A", "a.", "\udc80")


@given(st.text() | st.sampled_from(ODD))
def test_a_file_name_is_one_everywhere(name):
    made = file_name(name)
    assert re.fullmatch(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9_-])?", made) and len(made) <= 80
    assert made.partition(".")[0] not in {"con", "prn", "aux", "nul", "com1", "lpt9"}
    assert file_name(made) == made


def test_different_names_keep_different_files():
    assert len({file_name(name) for name in ODD}) == len(ODD)
    for name in ("grid-best", "tnn-v11-denser-recurrence", "a_b.c", "0"):
        assert file_name(name) == name


@given(st.text() | st.text("\x1b[]:ab\u202e\u2066\x9b\x07\r\x7f\udc80"))
def test_printed_text_steers_nothing(text):
    shown = printable(text)
    steering = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert not {c for c in shown if unicodedata.category(c) in steering} - {"\n", "\t"}
    shown.encode()
    if text.isascii() and text.isprintable():
        assert shown == text


@pytest.mark.parametrize("text", ["r/sy[lr=0.1]", "[bold]x[/]", "[/]", ":100:", "digit[a].png"])
def test_brackets_and_colons_stay_as_they_are(monkeypatch, text):
    monkeypatch.setenv("FORCE_COLOR", "1")
    screen = console()
    screen.file = io.StringIO()
    screen.print(f"{text} \x1b[31m", style="bold", soft_wrap=True)
    screen.print(table((text, "b"), [(text, "\x1b]0;x\x07")]))
    said = screen.file.getvalue()
    assert said.count(text) == 3 and r"\x1b[31m" in said and r"\x1b]0;x\x07" in said
    assert set(re.findall(r"\x1b(?!\[[0-9;]*m).", said)) == set()
    assert "\x1b[31m" not in said


@given(st.lists(st.text().filter(lambda word: "\0" not in word), min_size=1))
def test_a_shell_reads_a_command_back(words):
    assert shlex.split(command(*words)) == words


@pytest.mark.parametrize("name", ODD)
def test_a_model_keeps_to_its_folder(tmp_path, name):
    folder = tmp_path / "a" / "b"
    paths = ModelFile(name, {"name": name.encode(errors="replace").decode()}, b"x").write(folder)
    assert {path.parent for path in paths} == {folder}
    assert sorted(tmp_path.rglob("*.*")) == sorted(paths)
    assert result_path(tmp_path, name).parent == tmp_path / "results" / "runs"


def test_a_model_overwrites_nothing_unasked(tmp_path):
    mine, target = tmp_path / "mine.json", tmp_path / "elsewhere"
    mine.write_text("precious")
    model = ModelFile("mine", {"name": "mine"}, b"weights")
    with pytest.raises(ValueError, match=r"mine\.json is there already; export with --overwrite"):
        model.write(tmp_path)
    assert mine.read_text() == "precious" and not (tmp_path / "mine.safetensors").exists()
    model.write(tmp_path, overwrite=True)
    assert json.loads(mine.read_text()) == {"name": "mine"}
    (tmp_path / "link.json").symlink_to(target)
    with pytest.raises(ValueError, match="is there already"):
        ModelFile("link", {}, b"").write(tmp_path)
    assert not target.exists()


def test_a_name_in_a_picture_is_no_formula(tmp_path):
    title = r"$\frac{ \x1b[31m" + "x" * 5000
    path = confusion_matrix(np.eye(3, dtype=int), tmp_path / "x.png", title=title)
    assert path.stat().st_size > 0
