"""Exporting runs, and the server: what it hands out and what it refuses."""

import http.client
import json
import re
import urllib.parse
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load

from latticework.cli.main import main
from latticework.demo import DemoServer, ModelFile, Site, build_site
from latticework.recipes import open_run
from latticework.tasks import DataSource

MODELS = resources.files("latticework.demo") / "models"
MOST_BYTES = 4_000_000


def ask(server: DemoServer, path: str, method: str = "GET", host: str | None = None):
    where = urllib.parse.urlsplit(server.url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=300)
    connection.putrequest(method, path, skip_host=host is not None)
    if host is not None:
        connection.putheader("Host", host)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def test_the_page_and_its_models_are_served(server):
    answer, body = ask(server, "/")
    assert answer.status == 200 and b"<title>latticework" in body
    assert "default-src 'self'" in (answer.getheader("Content-Security-Policy") or "")
    listed = json.loads(ask(server, "/models.json")[1])
    assert [entry["name"] for entry in listed][:4] == ["ring", "windows", "grid", "trees"]
    for entry in listed:
        manifest = json.loads(ask(server, f"/{entry['path']}.json")[1])
        assert manifest["family"] == entry["family"]
        assert load(ask(server, f"/{entry['path']}.safetensors")[1])
    digits = json.loads(ask(server, "/samples.json")[1])
    assert digits["dataset"] == "8x8 digits" and "--fetch mnist" in digits["notice"]
    assert set(digits["labels"]) == set(range(10))


@pytest.mark.parametrize(
    "path",
    [
        "/../pyproject.toml",
        "/..%2f..%2fpyproject.toml",
        "//etc/passwd",
        "/assets/../../__init__.py",
        "/models/",
        "/assets",
        "/%00",
        "/index.html/",
    ],
)
def test_nothing_else_is_served(server, path):
    assert ask(server, path)[0].status == 404


def test_other_names_and_methods_are_refused(server):
    assert ask(server, "/", host="elsewhere.example")[0].status == 403
    assert ask(server, "/", host="localhost:1")[0].status == 200
    assert ask(server, "/", method="POST")[0].status == 501
    answer, body = ask(server, "/", method="HEAD")
    assert answer.status == 200 and body == b""


def test_it_listens_on_this_machine_alone(server):
    assert server.url.startswith("http://127.0.0.1:")


def test_a_taken_port_is_a_sentence(server):
    port = urllib.parse.urlsplit(server.url).port
    with pytest.raises(OSError, match="leave --port out"):
        DemoServer(Site({}, ()), port or 0)


def test_users_models_come_first(tmp_path):
    name = "grid"
    given = ModelFile(
        "mine",
        {**json.loads((MODELS / f"{name}.json").read_text()), "name": "mine"},
        (MODELS / f"{name}.safetensors").read_bytes(),
    )
    site = build_site(DataSource(offline=True), [given])
    assert site.models[:2] == ("mine", "ring")
    assert site.pages["/models/0-mine.safetensors"].body == given.weights


@pytest.mark.parametrize("name", ["a b", "é", "a/b", "../x", "", "<b>"])
def test_a_model_of_an_odd_name_is_listed_where_it_is(name):
    manifest = {**json.loads((MODELS / "grid.json").read_text()), "name": name}
    site = build_site(DataSource(offline=True), [ModelFile(name, manifest, b"x")])
    listed = json.loads(site.pages["/models.json"].body)
    assert listed[0]["name"] == name and site.models[1] == "ring"
    for entry in listed:  # the page takes no other path
        assert re.fullmatch(r"models/[\w.-]+", entry["path"], re.ASCII)
        assert f"/{entry['path']}.json" in site.pages


@pytest.mark.parametrize(
    "name", sorted(f.name[:-5] for f in MODELS.iterdir() if f.name.endswith(".json"))
)
def test_shipped_models_are_small_and_say_how_good_they_are(name):
    manifest = json.loads((MODELS / f"{name}.json").read_text())
    weights = (MODELS / f"{name}.safetensors").read_bytes()
    assert len(weights) < MOST_BYTES
    assert 0.5 < manifest["accuracy"] <= 1 and manifest["accuracy_note"]
    assert manifest["recipe"]["name"] and manifest["dataset"] == "mnist"
    assert len(manifest["probes"]) == 10


def test_export_of_a_run(tmp_path, capsys):
    """A small run on the embedded digits, exported and read back number for number."""
    run = tmp_path / "run"
    small = ["--task.dataset", "digits", "--training.epochs", "1", "--no-pictures"]
    assert main(["train", "tree-snap1", *small, "--run-dir", str(run), "--json"]) == 0
    capsys.readouterr()
    assert main(["export", str(run), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    manifest_path, weights_path = map(Path, said["files"])
    assert manifest_path.parent == run / "export"
    tensors, params = load(weights_path.read_bytes()), open_run(run).params_of(0)
    for name, value in params.items():
        np.testing.assert_array_equal(tensors[name], value)
    manifest = json.loads(manifest_path.read_text())
    assert manifest["network"]["layout"] == "forest" and manifest["parameters"] == 1080
    assert manifest["accuracy"] == json.loads((run / "result.json").read_text())["per_seed"][0]
    assert main(["export", str(run), "--seed", "7"]) == 2
    assert "seed 7 was not run" in capsys.readouterr().err
    assert main(["export", str(run), "--name", "../x"]) == 2
    assert "small letters" in capsys.readouterr().err
    assert main(["export", str(tmp_path)]) == 2
    assert main(["demo", str(tmp_path), "--no-browser"]) == 2
    capsys.readouterr()


def test_a_run_without_images_is_refused(tmp_path, capsys):
    run = tmp_path / "run"
    small = ["--task.num-train", "40", "--task.num-test", "20", "--training.epochs", "1"]
    small += ["--no-pictures"]
    assert main(["train", "synthetic-snap1", *small, "--run-dir", str(run), "--json"]) == 0
    capsys.readouterr()
    assert main(["export", str(run)]) == 2
    assert "the page shows 10" in capsys.readouterr().err
