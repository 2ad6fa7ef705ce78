"""The page as text: self-contained, escaped, complete; what a browser makes of it is tested in test_browser.py."""

import html.parser
import json
import re

import pytest
from report_worlds import HOSTILE, Scientist, finish, long_sweep, settings
from search_worlds import LOST

from hydra_llm.report.page import CODE, FRONT, SECTIONS, render, write_report
from hydra_llm.report.watch import watch
from hydra_llm.search.log.reader import NoSweepError, read_sweep
from hydra_llm.search.proposers.registry import make_proposer
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.study import Study


class Outline(html.parser.HTMLParser):
    """Tags with their attributes, and the text of each script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self._inside = True
            self.scripts.append("")

    def handle_endtag(self, tag):
        self._inside = self._inside and tag != "script"

    def handle_data(self, data):
        if self._inside:
            self.scripts[-1] += data


def page_of(folder) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


def data_of(outline: Outline) -> dict:
    return json.loads(next(text for text in outline.scripts if text.lstrip().startswith("{")))


def test_the_page_asks_for_nothing_outside_itself(sweep_folder):
    outline = Outline(page_of(sweep_folder))
    policy = next(a["content"] for tag, a in outline.tags if tag == "meta" and "http-equiv" in a)
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    for tag, attributes in outline.tags:
        assert tag not in ("iframe", "object", "embed")
        for name in ("src", "href"):
            target = attributes.get(name) or "#"
            assert re.match(r"#|data:|\d+/", target), f"{tag} {name}={target}"


def test_every_section_of_the_navigation_is_there_and_holds_something(sweep_folder):
    outline = Outline(page_of(sweep_folder))
    ids = [attributes.get("id") for tag, attributes in outline.tags if tag == "section"]
    assert ids == [name for name, _ in SECTIONS if name not in (CODE, FRONT)]


def test_drawings_fit_a_window_of_1200_pixels(sweep_folder):
    """Where a sweep has few parameters and predictions: more of them make a drawing that scrolls."""
    drawings = [attributes for tag, attributes in Outline(page_of(sweep_folder)).tags if tag == "svg"]
    wide = {a["aria-label"]: float(a["width"] or 0) for a in drawings if a.get("class") == "chart"}
    assert "Parallel coordinates of all configurations" in wide
    assert max(wide.values()) <= 1100


def test_hostile_texts_stay_texts(hostile_folder):
    text = page_of(hostile_folder)
    outline = Outline(text)
    assert "onerror" in text  # the texts are there
    assert [tag for tag, _ in outline.tags if tag == "script"] == ["script"] * 3
    assert not any(name.startswith("on") for _, attributes in outline.tags for name in attributes)
    assert "{{7*7}}" in text  # nothing was evaluated
    cards = data_of(outline)["trials"]
    assert any(HOSTILE in card.get("note", "") for card in cards.values())


def test_equal_folders_give_equal_pages(sweep_folder):
    sweep = read_sweep(sweep_folder)
    assert render(sweep) == render(sweep) == page_of(sweep_folder)


@pytest.mark.slow
def test_two_hundred_trials_stay_below_three_megabytes(tmp_path):
    long_sweep(tmp_path, 200, 50, hostile=" and a long explanation of why this should help" * 12)
    assert write_report(tmp_path).stat().st_size < 3_000_000


def test_a_sweep_is_shown_at_every_stage(tmp_path):
    """Nothing told, some told, all failed; without words, blocks, seeds or a confirmation."""
    policy = make_policy("puct_rank", None)
    study = Study(tmp_path, settings(9, seed_keys=()), policy, Scientist(), argv=[])
    assert "No trial was asked for yet" in render(read_sweep(tmp_path))
    asked = study.launched(study.ask(2))
    assert "No trial has a value yet" in render(read_sweep(tmp_path))
    for trial in asked:
        study.tell(trial.number, LOST)
    assert "LOST" in render(read_sweep(tmp_path))
    finish(study, 3)
    page = render(read_sweep(tmp_path))
    assert "has not ended yet" in page
    assert f"proposer {Scientist.name} · selection puct_rank · seed" in page


def test_sweeps_of_all_directions_are_shown(tmp_path):
    from hydra_llm.search.trial.objective import Objective

    for objective in (Objective("connectivity_R2", "minimize"), Objective("connectivity_R2", "target", 0.8)):
        folder = tmp_path / objective.direction
        finish(Study(folder, settings(8, objective=objective), make_policy("puct_rank", None), Scientist(), argv=[]))
        text = render(read_sweep(folder))
        assert "connectivity_R2" in text
        assert ("|connectivity_R2 − 0.8|" in text) == (objective.direction == "target")


@pytest.fixture(scope="module")
def by_process(tmp_path_factory) -> str:
    """The page of a sweep of any application that no model looked at."""
    folder = tmp_path_factory.mktemp("process")
    study = Study(folder, settings(9), make_policy("puct_rank", None), make_proposer("bayes", {}), argv=[])
    finish(study)
    return render(read_sweep(folder))


def test_the_page_of_any_application_speaks_of_seeds_and_not_of_recordings_or_simulations(by_process):
    assert "seeds included, with that one change taken back" in by_process
    assert "recording" not in by_process
    assert "simulation" not in by_process


def test_what_the_process_expected_is_on_cards_and_no_hypothesis(by_process):
    """A card says "expected connectivity_R2 0.9 (80 %: 0.8 to 0.95)"; the ledger must not deny that."""
    cards = data_of(Outline(by_process))["trials"]
    assert any("80 %" in card.get("note", "") for card in cards.values())
    assert "What a Gaussian process expected of a trial stands on its card and is not judged here." in by_process


def test_the_baseline_is_counted_and_shown_under_nobody(by_process):
    assert data_of(Outline(by_process))["trials"]["0"]["by"] == "the baseline"
    who = by_process.partition("By who proposed it")[2].partition("</table>")[0]
    assert '<td>baseline</td><td class="n">1</td>' in who
    assert '<td>bayes</td><td class="n">8</td>' in who


def test_a_folder_without_a_sweep_is_named(tmp_path):
    with pytest.raises(NoSweepError, match=re.escape(str(tmp_path))):
        write_report(tmp_path)


def test_a_watched_report_follows_the_log_and_ends_with_the_sweep(tmp_path):
    study = Study(tmp_path, settings(6), make_policy("puct_rank", None), Scientist(), argv=[])
    said: list[str] = []
    sizes: list[int] = []

    def go_on(_: float) -> None:
        sizes.append((tmp_path / "report.html").stat().st_size)
        finish(study, 2)

    watch(tmp_path, None, 1.0, said.append, go_on)
    assert sizes == sorted(sizes)
    assert said[-1] == "The sweep has ended: all 6 trials are used."
    assert data_of(Outline(page_of(tmp_path)))["reload_s"] == 0  # the last page does not load itself again
    assert not [p.name for p in tmp_path.iterdir() if p.name.startswith(".report")]  # no half-written page is left


def test_the_page_of_a_running_sweep_loads_itself_again(tmp_path):
    finish(Study(tmp_path, settings(9), make_policy("puct_rank", None), Scientist(), argv=[]), 4)
    assert data_of(Outline(render(read_sweep(tmp_path), live=True)))["reload_s"] > 0
    assert data_of(Outline(render(read_sweep(tmp_path))))["reload_s"] == 0
