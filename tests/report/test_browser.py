"""The report in a real browser: it works, asks for nothing, fits a telephone, and can be used without a mouse."""

import json
import shutil

import pytest
from browser import browser, click, complaints, needs_browser, opened, requests

from hydra_llm.report.page import write_report
from hydra_llm.report.trial_text import TRIALS
from hydra_llm.search.log.reader import read_sweep

pytestmark = needs_browser


@pytest.fixture(scope="module")
def desktop():
    with browser() as driver:
        yield driver


@pytest.fixture
def page(desktop, sweep_folder):
    opened(desktop, sweep_folder)
    return desktop


def card(driver) -> str:
    return driver.find_element("id", "card").text


def press(driver, *keys):
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(driver).send_keys(*keys).perform()


def tree_state(driver) -> list:
    """Class and size of every node and line."""
    return driver.execute_script(
        "return [...document.querySelectorAll('#tree .node')].map(g => [g.dataset.node,"
        " g.getAttribute('class').replace(/ (chosen|lineage)/g, ''),"
        " Number(g.querySelector('.disc').getAttribute('r'))])"
        ".concat([...document.querySelectorAll('#tree .edge')].map(p => [p.dataset.edge, p.getAttribute('class'),"
        " Number(p.getAttribute('stroke-width'))]))"
    )


def test_no_error_on_the_console_and_no_request_beyond_the_file(page, sweep_folder):
    assert requests(page)[-1:] == [(sweep_folder / "report.html").as_uri()]
    for name in ("play", "back", "forward", "larger", "smaller", "fit", "theme"):
        click(page, page.find_element("id", name))
    assert complaints(page) == []
    assert requests(page) == []


def test_the_script_and_the_program_draw_the_same_tree(desktop, sweep_folder):
    """The page holds the tree as Python drew it; the script draws it anew from numbers when it starts."""
    from hydra_llm.report.sections.tree import drawing

    desktop.get("about:blank")
    drawn = str(drawing(read_sweep(sweep_folder)))
    desktop.execute_script("document.body.innerHTML = arguments[0]", drawn)
    by_program = tree_state(desktop)
    opened(desktop, sweep_folder)
    by_script = tree_state(desktop)
    assert [(n, c) for n, c, _ in by_script] == [(n, c) for n, c, _ in by_program]
    for (name, _, a), (_, _, b) in zip(by_script, by_program, strict=True):
        assert a == pytest.approx(b, abs=0.02), name


def test_a_click_on_a_node_opens_its_card(page, sweep_folder):
    sweep = read_sweep(sweep_folder)
    node = next(n for n in sweep.state.trees[1] if n.parent is not None and n.scores)
    element = page.find_element("css selector", f"#tree .node[data-node='{node.id}']")
    click(page, element.find_element("css selector", ".disc"))
    assert card(page).startswith(f"Trial {node.id}")
    assert "predicted" in card(page)
    assert sweep.state.trials[node.id].proposal.changes[0].key in card(page)
    assert "chosen" in element.get_attribute("class")


def test_hovering_a_node_names_it(page):
    from selenium.webdriver.common.action_chains import ActionChains

    element = page.find_element("css selector", "#tree .node.best .disc")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    ActionChains(page).move_to_element(element).perform()
    assert page.find_element("id", "tip").text.startswith("trial ")


def test_the_scrubber_takes_the_tree_back_and_forth_in_time(page):
    last = tree_state(page)

    def shown() -> int:
        return page.execute_script("return document.querySelectorAll('#tree .node:not(.hidden)').length")

    everything = shown()
    scrub = page.find_element("id", "scrub")
    page.execute_script("arguments[0].value = 5; arguments[0].dispatchEvent(new Event('input'))", scrub)
    assert 0 < shown() < everything
    assert page.find_element("id", "when").text.startswith("5 of 60 results")
    early = page.find_element("id", "playhead").get_attribute("x1")
    page.execute_script("arguments[0].value = 60; arguments[0].dispatchEvent(new Event('input'))", scrub)
    assert shown() == everything
    assert float(page.find_element("id", "playhead").get_attribute("x1")) > float(early)
    assert tree_state(page) == last


def test_play_runs_from_the_beginning_and_stops_at_the_end(page):
    from selenium.webdriver.support.ui import WebDriverWait

    click(page, page.find_element("id", "play"))
    assert page.find_element("id", "play").text == "Pause"
    assert int(page.find_element("id", "scrub").get_attribute("value")) < 60
    WebDriverWait(page, 60).until(lambda d: d.find_element("id", "play").text == "Play")
    assert page.find_element("id", "scrub").get_attribute("value") == "60"


def test_arrow_keys_walk_along_the_tree_and_the_scrubber(page):
    from selenium.webdriver.common.keys import Keys

    page.execute_script("document.querySelector('#tree .node[tabindex=\"0\"]').focus()")
    best = card(page).splitlines()[0]
    press(page, Keys.ARROW_LEFT)
    parent = card(page).splitlines()[0]
    assert parent != best
    press(page, Keys.ARROW_RIGHT)
    press(page, Keys.END)
    assert card(page).splitlines()[0] == best
    page.find_element("id", "scrub").send_keys(Keys.ARROW_LEFT)
    assert page.find_element("id", "when").text.startswith("59 of 60")


def test_every_control_can_be_reached_with_the_tab_key(page):
    from selenium.webdriver.common.keys import Keys

    page.execute_script("document.activeElement.blur(); window.scrollTo(0, 0)")
    seen = set()
    for _ in range(60):
        press(page, Keys.TAB)
        seen.add(
            page.execute_script(
                "const e = document.activeElement; return e.id || (e.classList.contains('node') ? 'a node' : '')"
            )
        )
    assert {"theme", "play", "back", "scrub", "forward", "larger", "smaller", "fit", "a node", "card"} <= seen


def test_dots_and_numbers_elsewhere_open_cards_too(page):
    dot = page.find_element("css selector", "#curve .dot[data-trial='3']")
    page.execute_script("arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))", dot)
    assert card(page).startswith("Trial 3")
    link = page.find_element("css selector", "#trials button[data-trial='7']")
    page.execute_script("arguments[0].click()", link)
    assert card(page).startswith("Trial 7")


def test_tables_sort(page):
    heads = page.find_elements("css selector", "#trials th button")
    page.execute_script("arguments[0].click(); arguments[0].click()", heads[0])
    first = page.find_element("css selector", "#trials tbody tr td").get_attribute("textContent")
    assert int(first) == max(read_numbers(page))


def read_numbers(page) -> list[int]:
    return page.execute_script(
        "return [...document.querySelectorAll('#trials tbody tr')].map(r => Number(r.cells[0].textContent))"
    )


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_has_no_sideways_scroll(sweep_folder, width):
    with browser(width, 844, mobile=width < 600) as driver:
        opened(driver, sweep_folder)
        widths = driver.execute_script(
            "return [document.documentElement.scrollWidth, window.innerWidth, document.documentElement.clientWidth]"
        )
        assert widths[0] <= widths[2] <= width
        small = driver.execute_script(
            "return [...document.querySelectorAll('main *, svg text')].filter(e => e.children.length === 0 &&"
            " e.textContent.trim() && parseFloat(getComputedStyle(e).fontSize) < 10).map(e => e.textContent)"
        )
        assert small == []


def test_hostile_texts_run_nothing(hostile_folder):
    with browser() as driver:
        opened(driver, hostile_folder)
        for node in driver.find_elements("css selector", "#tree .node"):
            driver.execute_script("arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))", node)
        assert "onerror=alert(1)" in card(driver)  # as text
        assert driver.find_elements("css selector", "main img, #card img, main b script") == []
        assert complaints(driver) == []
        assert len(requests(driver)) == 1
        from selenium.common.exceptions import NoAlertPresentException

        with pytest.raises(NoAlertPresentException):
            driver.switch_to.alert.accept()


def test_text_stands_out_from_its_ground_in_both_themes(page):
    """Contrast after WCAG 2: at least 4.5 for text, measured on the page's own colours."""
    pairs = (
        ("--ink", "--panel"),
        ("--mute", "--panel"),
        ("--mute", "--bg"),
        ("--accent", "--panel"),
        ("--ink", "--soft"),
    )
    for theme in ("light", "dark"):
        page.execute_script("document.documentElement.dataset.theme = arguments[0]", theme)
        for text, ground in pairs:
            values = [
                page.execute_script(
                    "return getComputedStyle(document.documentElement).getPropertyValue(arguments[0]).trim()", name
                )
                for name in (text, ground)
            ]
            assert contrast(*values) >= 4.5, (theme, text, ground)


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_it_prints_with_everything_unfolded(page):
    page.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    assert page.find_elements("css selector", "details:not([open])") == []
    page.execute_script("window.dispatchEvent(new Event('afterprint'))")
    assert page.find_elements("css selector", "details:not([open])") != []
    pdf = page.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"]
    assert len(pdf) > 50_000


def test_the_button_of_an_ablation_that_was_not_run_copies_its_command(desktop, sweep_folder, tmp_path):
    from selenium.webdriver.support.ui import WebDriverWait

    shutil.copytree(sweep_folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / TRIALS).mkdir(exist_ok=True)
    for trial in read_sweep(tmp_path).state.trials.values():
        words = " ".join(f"{key}={value}" for key, value in trial.values.items())
        (tmp_path / TRIALS / f"{trial.number}.json").write_text(
            json.dumps({"command": f"python train.py {words} hydra.mode=RUN"})
        )
    write_report(tmp_path)
    opened(desktop, tmp_path)
    button = desktop.find_elements("css selector", "button.copy")[0]
    allowed = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    desktop.execute_cdp_cmd("Browser.grantPermissions", allowed)
    desktop.execute_script(
        "window.labels = []; const b = arguments[0];"
        "new MutationObserver(all => all.forEach(m => m.addedNodes.forEach(n => window.labels.push(n.textContent))))"
        ".observe(b, {childList: true})",
        button,
    )
    click(desktop, button)
    click(desktop, button)
    # A promise sets the label and a timer takes it back: how soon either is seen hangs on the machine's load.
    WebDriverWait(desktop, 20).until(lambda d: len(d.execute_script("return window.labels")) == 4)
    labels = desktop.execute_script("return window.labels")
    assert sorted(labels) == ["Copied", "Copied", "Copy the command", "Copy the command"]
    assert button.text == "Copy the command"
    read = "navigator.clipboard.readText().then(arguments[0], e => arguments[0](`${e}`))"
    assert desktop.execute_async_script(read) == button.get_attribute("data-command")
