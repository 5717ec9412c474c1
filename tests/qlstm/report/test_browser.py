"""The page in a real browser: headless Chromium looks at every section, on a desktop and a phone, by day and by night.

Skipped without ``chromium`` and ``chromedriver`` on the path (``make test`` installs them where it can), unless
``QLSTM_BROWSER=required``. Nothing is downloaded by the driver, and the browser loads nothing but the page.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.qlstm.report.test_report import SECTIONS

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
    "--window-size=1280,900",
)  # fmt: skip
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
DESKTOP = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}
# WCAG: contrast of text with what is behind it; `fill` is the colour of text in SVG
CONTRAST = """
const parse = text => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const behind = element => {
  for (let e = element; e; e = e.parentElement) {
    const colour = parse(getComputedStyle(e).backgroundColor);
    if (colour.length === 3 || colour[3] === 1) return colour;
  }
  return [255, 255, 255];
};
const text = "p, a, dt, dd, th, td, h1, h2, h3, figcaption, summary, code, #loss text, #forecast text";
const found = [...document.querySelectorAll(text)]
  .filter(e => e.textContent.trim() && !e.classList.contains("skip"))
  .map(e => {
    const style = getComputedStyle(e);
    const [a, b] = [light(parse(e.tagName === "text" ? style.fill : style.color)), light(behind(e))];
    return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.textContent.trim().slice(0, 40)];
  });
return found.sort((a, b) => a[0] - b[0])[0];
"""
# what reaches beyond the right edge, but for what scrolls in a box of its own
OVERHANG = """
return [...document.querySelectorAll("body *")]
  .filter(e => !e.closest(".scroll, pre, .skip") || e.matches(".scroll, pre"))
  .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
  .map(e => e.tagName + "#" + e.id);
"""


def program(*names: str) -> str:
    """The first of these that is installed."""
    found = next((path for path in map(shutil.which, names) if path), None)
    if found is None:
        text = f"{names[0]} is not installed: apt-get install chromium chromium-driver"
        if os.environ.get("QLSTM_BROWSER") == "required":
            pytest.fail(text)
        pytest.skip(text)
    return found


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One Chromium for all tests, with a profile of its own."""
    chromium, driver = program("chromium", "chromium-browser"), program("chromedriver")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = webdriver.Chrome(options=options, service=Service(driver))
    yield chrome
    chrome.quit()


def show(browser: Any, path: Path, *, screen: dict[str, Any] = DESKTOP, dark: bool = False) -> list[str]:
    """Open a page; everything that was asked for over a network."""
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    browser.get("about:blank")
    for kind in ("browser", "performance"):
        browser.get_log(kind)  # of the page before
    browser.get(path.as_uri())
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    return [url for url in asked if not url.startswith("data:")]


@pytest.fixture(scope="session", params=["exact", "device"])
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run, alone in a folder."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(request.getfixturevalue(f"{request.param}_page"))
    return path


def test_every_section_is_shown_without_an_error(browser: Any, page: Path) -> None:
    assert show(browser, page) == [page.as_uri()]
    assert browser.get_log("browser") == []
    assert "waves.csv" in browser.title
    shown = browser.execute_script(
        "return [...document.querySelectorAll('section')].map(s => [s.id, s.querySelector('h2').offsetHeight, s.innerText])"
    )
    assert [name for name, *_ in shown] == SECTIONS
    assert all(height > 10 and len(text) > 60 for _, height, text in shown)
    figures = browser.execute_script(
        "return [...document.querySelectorAll('figure svg')].map(s => [s.getBoundingClientRect().height, s.ariaLabel])"
    )
    assert len(figures) >= 2
    assert all(height > 150 and len(label) > 20 for height, label in figures)
    assert not browser.execute_script(OVERHANG)


def test_every_link_leads_somewhere(browser: Any, page: Path) -> None:
    show(browser, page)
    links = browser.execute_script("return [...document.querySelectorAll('nav a')].map(a => a.hash.slice(1))")
    assert links == SECTIONS
    browser.execute_script("document.querySelector('nav li:last-child a').click()")
    assert browser.execute_script("return location.hash") == f"#{SECTIONS[-1]}"


def test_it_is_readable_on_a_phone(browser: Any, page: Path) -> None:
    show(browser, page, screen=PHONE)
    width, least = browser.execute_script(
        "const sizes = [...document.querySelectorAll('main p, main dd, main td')].map(e => getComputedStyle(e).fontSize);"
        "return [document.documentElement.scrollWidth, Math.min(...sizes.map(parseFloat))]"
    )
    assert width == PHONE["width"]
    assert least >= 14
    assert not browser.execute_script(OVERHANG)
    hidden = browser.execute_script(
        "return [...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth)"
        ".filter(e => getComputedStyle(e).overflowX !== 'auto' || e.tabIndex !== 0).length"
    )
    assert hidden == 0


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_by_day_and_by_night(browser: Any, page: Path, dark: bool) -> None:
    show(browser, page, dark=dark)
    contrast, text = browser.execute_script(CONTRAST)
    assert contrast >= 4.5, text
    ground = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, ground[4:-1].split(","))) < 150) == dark


def test_the_policy_keeps_everything_else_out(browser: Any, page: Path, tmp_path: Path) -> None:
    """What a page must not do is not done even where it is asked for; and this would be seen."""
    harm = "<script>document.title = 'changed'</script><img src='https://example.invalid/a.png'>"
    worse = tmp_path / "worse.html"
    worse.write_text(page.read_text().replace("<main>", f"<main>{harm}"))
    show(browser, worse)
    assert browser.title != "changed"
    messages = [entry["message"] for entry in browser.get_log("browser")]
    assert len(messages) == 2
    assert all("Content Security Policy" in message for message in messages)
