"""The page in a real headless Chromium: draws, classifies as Python does, falls back, recovers."""

import base64
import json
from importlib import resources

import numpy as np
import pytest

from support.close import close_to_largest

MODELS = resources.files("latticework.demo") / "models"
NAMES = sorted(f.name.removesuffix(".json") for f in MODELS.iterdir() if f.name.endswith(".json"))
TOLERANCE = 2e-3
"""Float32 on both sides, summed in another order; scores are of the order of 1 to 10."""


def probes(name: str) -> list[dict]:
    return json.loads((MODELS / f"{name}.json").read_text())["probes"]


def image_of(probe: dict) -> list[int]:
    return list(base64.b64decode(probe["image"]))


@pytest.mark.parametrize(
    ("name", "backend"),
    [
        pytest.param(
            name,
            backend,
            # On a processor WebGPU is slow, and each network has shaders of its own.
            marks=[pytest.mark.all] if backend == "webgpu" and name != "grid" else [],
        )
        for name in NAMES
        for backend in ("cpu", "webgpu")
    ],
)
def test_it_classifies_as_python_does(visit, name, backend):
    page = visit(f"?backend={backend}", f"#model={name}")
    assert page.run("latticework.backend.backend") == backend
    for probe in probes(name)[:3]:
        scores = page.answer(image_of(probe), probe["label"])
        assert page.run("latticework.episode.backend") == backend
        assert np.argmax(scores) == np.argmax(probe["scores"])
        scale = max(1.0, float(np.abs(probe["scores"]).max()))
        np.testing.assert_allclose(scores, probe["scores"], rtol=0, atol=TOLERANCE * scale)


@pytest.mark.parametrize("name", NAMES)
def test_it_draws_and_plays(visit, name):
    """The stage is not blank, changes as time goes on, and tells the state of a cell."""
    page = visit("", f"#model={name}")
    page.run("() => { latticework.player.seek(0.5); }")
    page.page.wait_for_timeout(80)
    before = page.page.locator("#stage").screenshot()
    page.run("() => { latticework.player.seek(latticework.player.duration); }")
    page.page.wait_for_timeout(80)
    after = page.page.locator("#stage").screenshot()
    assert before != after
    page.page.locator("#stage").focus()
    page.page.keyboard.press("Alt+ArrowRight")
    page.page.keyboard.press("Alt+ArrowDown")
    page.until("!document.getElementById('tip').hidden")
    assert len(page.page.locator("#tip").inner_text()) > 20
    colours = page.run(
        "() => { const c = document.getElementById('stage');"
        " const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        " const seen = new Set(); for (let i = 0; i < d.length; i += 404)"
        " seen.add(d[i] * 65536 + d[i + 1] * 256 + d[i + 2]); return seen.size; }"
    )
    assert colours > 8


@pytest.mark.parametrize("name", NAMES)
def test_it_fits_a_phone(visit, name):
    page = visit("", f"#model={name}", viewport={"width": 390, "height": 844}, has_touch=True)
    assert page.run("document.documentElement.scrollWidth") <= 390
    page.page.locator("#samples button").nth(3).tap()
    page.until("latticework.label === 3")


def test_a_drawing_by_mouse_is_classified(visit):
    page = visit()
    page.page.locator("#clear").click()
    assert page.run("latticework.image") is None
    box = page.page.locator("#pad").bounding_box()
    middle = box["x"] + box["width"] / 2
    page.page.mouse.move(middle, box["y"] + 0.2 * box["height"])
    page.page.mouse.down()
    page.page.mouse.move(middle, box["y"] + 0.8 * box["height"], steps=6)
    page.page.mouse.up()
    page.until("latticework.image && latticework.episode?.scores")
    ink = np.array(page.run("Array.from(latticework.image)")).reshape(28, 28)
    rows, columns = np.nonzero(ink > 128)
    assert np.ptp(rows) > 12 and np.ptp(columns) < 8
    assert page.run("latticework.label") is None


def test_keys(visit):
    page = visit()
    press = page.page.keyboard.press
    press("End")
    assert page.run("latticework.player.clock") == page.run("latticework.player.duration")
    press("ArrowLeft")
    assert page.run("latticework.player.clock") == 27
    press("Home")
    press("Space")
    page.until("latticework.player.clock > 0.1")
    press("Space")
    assert not page.run("latticework.player.isPlaying")
    page.page.locator("#time").focus()
    press("Space")
    assert page.run("latticework.player.isPlaying")
    press("4")
    page.until("latticework.label === 4 && latticework.episode?.scores")
    press("v")
    assert page.run("latticework.view.display") == "states"
    press("n")
    page.until("latticework.model.about.name === 'windows' && latticework.episode?.scores")
    press("t")
    assert page.run("document.documentElement.dataset.theme") in ("dark", "light")
    press("c")
    assert page.run("latticework.image") is None


def test_a_link_restores_the_view(visit):
    page = visit("", "#model=trees")
    page.page.locator("#samples button").nth(6).click()
    page.until("latticework.label === 6 && latticework.episode?.scores")
    page.run("() => { latticework.show('traces'); latticework.player.seek(11.25); }")
    page.page.locator("#share").click()
    fragment = page.run("location.hash")
    again = visit("", fragment)
    state = (
        "[latticework.entry.name, latticework.label, latticework.player.clock,"
        " latticework.view.display, Array.from(latticework.image),"
        " Array.from(latticework.episode.scores)]"
    )
    assert again.run(state) == page.run(state)
    assert again.run("latticework.label") == 6


def test_a_link_keeps_the_digit_that_takes_over(visit):
    """Also the moment after it, and how fast and how turned."""
    page = visit("", "#model=glom")
    page.page.locator("#extras select").select_option("3")
    page.until("latticework.episode?.options.secondLabel === 3 && latticework.episode.scores")
    page.run("() => { latticework.player.setSpeed(2); latticework.player.seek(1e9); }")
    assert page.run("latticework.player.clock === 2 * latticework.model.steps")
    page.page.locator("#share").click()
    again = visit("", page.run("location.hash"))
    state = (
        "[latticework.player.clock, latticework.player.speed, latticework.options.secondLabel,"
        " document.querySelector('#extras select').value, Array.from(latticework.episode.scores)]"
    )
    assert again.run(state) == page.run(state)
    again.run(
        "() => { latticework.open(latticework.entries.find((e) => e.family === 'gridnet')); }"
    )
    again.until("latticework.view.look && latticework.episode?.scores")
    again.run("() => { latticework.view.look = '0.50,0.40,6.00'; }")
    again.page.locator("#share").click()
    turned = visit("", again.run("location.hash"))
    assert turned.run("latticework.view.look") == "0.50,0.40,6.00"


def test_it_learns_a_drawing_live(visit):
    page = visit()
    page.page.locator("#samples button").nth(2).click()
    page.until("latticework.label === 2 && latticework.episode?.scores")
    before = page.run("Array.from(latticework.episode.scores)")
    page.page.locator(".labels button").nth(9).click()
    page.until("latticework.teach.lessons.length === 1")
    page.until(
        "document.getElementById('answer').textContent === '9' || latticework.framesDrawn > 2000"
    )
    after = page.run("Array.from(latticework.episode.scores)")
    assert after[9] - max(after[:9]) > before[9] - max(before[:9])
    page.page.get_by_text("Undo").click()
    page.until("!latticework.player.isPlaying || latticework.player.clock >= 0")


def test_without_webgpu_it_falls_back(visit, launch):
    page = visit("?backend=webgpu", using=launch())
    assert page.run("latticework.backend.backend") == "cpu"
    assert "WebGPU" in page.run("latticework.backend.why")
    assert "CPU" in page.page.locator("#backend").inner_text()


def test_a_software_adapter_is_left_alone(visit):
    page = visit()
    assert page.run("latticework.backend.backend") == "cpu"
    assert "software" in page.run("latticework.backend.why")


def test_a_lost_device_recovers(visit):
    page = visit("?backend=webgpu")
    assert page.run("latticework.backend.backend") == "webgpu"
    probe = probes("grid")[1]
    first = page.answer(image_of(probe), probe["label"])
    page.run("latticework.client.tell('lose')")
    page.until("latticework.backend.backend === 'cpu'")
    assert "lost" in page.run("latticework.backend.why")
    again = page.answer(image_of(probe), probe["label"])
    assert page.run("latticework.episode.backend") == "cpu"
    close_to_largest(np.array(again), np.array(first), TOLERANCE / 2)


@pytest.mark.parametrize("body", [b"", b"\xff" * 64, b"\x08" + b"\0" * 7 + b"{{{{{{{{"])
def test_a_broken_model_gives_a_message(browser, server, body):
    context = browser.new_context()
    page = context.new_page()
    page.route("**/models/*.safetensors", lambda route: route.fulfill(body=body))
    page.goto(server.url)
    page.wait_for_selector("#problem:not([hidden])", timeout=300_000)
    assert "cannot be shown" in page.inner_text("#problem")
    assert page.evaluate("1 + 1") == 2
    context.close()
