"""The report as a reader meets it, in a browser."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from cutaway.interpret.report_page import write_report
from cutaway.tap import tap_names
from interpret.pages import HOSTILE, LINE, make_model, make_report
from support import require_binary, require_module

playwright = require_module("playwright.sync_api")
CHROMIUM = require_binary("chromium", "chromium-browser", "google-chrome")

REPORT = make_report(
    title=HOSTILE, facts={"parameters": "1,234", HOSTILE: HOSTILE}, samples=[(0, "x y"), (40, HOSTILE)]
)


def visible(text: str) -> str:
    return text.replace(" ", "␣").replace("\n", "↵")


SHOWN = visible(LINE)


@pytest.fixture(scope="module")
def window() -> Iterator[Any]:
    with playwright.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_context(viewport={"width": 1200, "height": 900})
        browser.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("run") / "report.html"
    write_report(path, REPORT)
    return path.as_uri()


@pytest.fixture
def page(window, address) -> Iterator[Any]:
    """The report, opened. Whatever the test did, the page complained of nothing and asked for nothing else."""
    page = window.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: request.url != address and complaints.append(request.url))
    page.on("dialog", lambda dialog: complaints.append(dialog.message) or dialog.dismiss())
    page.set_default_timeout(10_000)
    page.goto(address)
    yield page
    page.close()
    assert complaints == []


def point(page: Any, query: int, key: int) -> None:
    """Moves the pointer to the middle of a cell of the enlarged map: its cells fill the lower right of the canvas."""
    page.locator("#map").scroll_into_view_if_needed()
    box = page.locator("#map").bounding_box()
    margin = 12 + 8  # room for tokens of one letter
    cell = (box["width"] - margin) / len(LINE)
    page.mouse.move(box["x"] + margin + (key + 0.5) * cell, box["y"] + margin + (query + 0.5) * cell)


def test_everything_is_shown_as_text(page):
    assert page.title() == page.text_content("h1") == HOSTILE
    assert page.text_content("#facts div:nth-child(2) dd") == HOSTILE
    assert page.text_content("#samples li:nth-child(2) pre") == HOSTILE
    assert page.locator("img").count() == 0
    assert page.locator("#surprise").text_content() == SHOWN


def test_the_header_says_what_chance_level_is(page):
    chance = np.log(REPORT.vocabulary)
    assert f"ln\u00a0{REPORT.vocabulary}\u00a0=\u00a0{chance:.2f} nats per token" in page.text_content("#verdict")
    assert "lowest validation loss of this one was 1.875, at step 20" in page.text_content("#verdict")


def test_choosing_a_head_enlarges_it_and_pointing_at_a_cell_shows_its_number(page):
    page.get_by_role("button", name="enlarge layer 1, head 2").click()
    assert page.inner_text("#map-title") == "Layer 1, head 2"
    name, _, place = page.inner_text("#map-name").partition("[")
    assert name in tap_names(make_model(REPORT.vocabulary)), "it can be captured under this name"
    assert (name.split(".")[1], place) == ("1", "0, 2]")
    for query, key in ((13, 5), (9, 9), (19, 0)):
        point(page, query, key)
        number = f"{REPORT.attention[1, 2, query, key]:.3f}"
        assert page.inner_text("#map-value") == f"query “{SHOWN[query]}” looks at key “{SHOWN[key]}”: {number}"
    point(page, 4, 8)
    assert "comes later" in page.inner_text("#map-value")


def test_the_map_can_be_walked_by_keyboard(page):
    point(page, 13, 5)
    page.locator("#map").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    number = f"{REPORT.attention[0, 0, 12, 6]:.3f}"
    assert page.inner_text("#map-value") == f"query “{SHOWN[12]}” looks at key “{SHOWN[6]}”: {number}"


def test_small_maps_are_empty_above_the_diagonal_and_only_there(page):
    opacity = """canvas => {
        const side = canvas.width;
        const pixels = canvas.getContext("2d").getImageData(0, 0, side, side).data;
        return Array.from({ length: side * side }, (_, i) => pixels[4 * i + 3]);
    }"""
    drawn = page.locator("#heads canvas").evaluate_all(f"canvases => canvases.map({opacity})")
    expected = np.tril(np.full((len(LINE), len(LINE)), 255))
    assert len(drawn) == 2 * 3
    assert all(np.array_equal(np.reshape(small, expected.shape), expected) for small in drawn)


def test_pointing_at_a_token_shows_what_the_model_expects_after_it(page):
    tokens = page.locator("#surprise button")
    for position in (3, 11):
        tokens.nth(position).hover()
        rank, log_probability = REPORT.actual[position]
        first = REPORT.next_tokens[position][0][0]
        assert page.locator("#candidates code").first.text_content() == visible(first)
        told = page.inner_text("#follower").replace("−", "-")
        assert told == f"What follows is “{SHOWN[position + 1]}”: rank {rank}, log-probability {log_probability:.3f}"
        marked = page.locator("#candidates .actual")
        assert marked.locator("td").first.text_content() == str(rank)
        assert marked.locator("code").text_content() == SHOWN[position + 1]
    tokens.last.hover()
    assert "line ends here" in page.inner_text("#follower")


def test_a_clicked_token_stays_and_the_arrow_keys_move_on(page):
    page.locator("#surprise button").nth(7).click()
    page.locator("h1").hover()
    assert page.inner_text("#context code") == SHOWN[:8]
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#context code") == SHOWN[:9]


def test_each_head_of_the_layer_shows_where_a_token_looks(page):
    page.get_by_role("button", name="layer 1", exact=True).click()
    page.locator("#asking button").nth(10).hover()
    for head in range(3):
        cells = page.locator("#looks li").nth(head).locator(".tokens span")
        told = cells.evaluate_all("cells => cells.map(cell => cell.title)")
        weights = REPORT.attention[1, head, 10, :11]
        assert told[:11] == [f"looks at “{SHOWN[key]}”: {weight:.3f}" for key, weight in enumerate(weights)]
        assert not any(told[11:])


def test_pointing_at_the_curve_shows_step_and_losses(page):
    page.locator("#loss circle").nth(1).hover(force=True)  # the cursor lies over it
    assert page.inner_text("#loss-values") == "step 20: training 2.100, validation 1.875"
    assert f"ln\u00a0{REPORT.vocabulary}" in page.text_content("#loss text.chance")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_sticks_out_on_a_phone(page, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") == 360
