"""What a question leaves out of old trials, and how it says so."""

from dataclasses import replace

from llm_sweeps import repeated, small
from search_worlds import ended

from hydra_llm.search.proposers.llm import prompt_trials
from hydra_llm.search.proposers.llm.prompt_configurations import configurations
from hydra_llm.search.proposers.llm.prompt_numbers import factor
from hydra_llm.search.proposers.llm.prompt_trials import trials


def test_equal_times_are_said_once_and_different_ones_in_a_column():
    context = small(show=("training_time_min",))
    assert "| time |" in trials(context).text
    alike = [
        t if t.value is None else ended(t, metrics={**t.metrics, "training_time_min": 4.0}) for t in context.trials
    ]
    text = trials(replace(context, trials=tuple(alike))).text
    assert "| time |" not in text
    assert "Each took about 4.0 min." in text


def test_times_under_a_minute_are_said_once_however_they_differ():
    context = small(show=("training_time_min",))
    brief = [
        t if t.value is None else ended(t, metrics={**t.metrics, "training_time_min": 0.01 * (1 + t.number)})
        for t in context.trials
    ]
    assert "| time |" not in trials(replace(context, trials=tuple(brief))).text


def test_further_metrics_of_long_ago_are_shown_of_the_leaders_alone():
    context = repeated(show=("rank",))
    ranked = [t if t.value is None else ended(t, metrics={**t.metrics, "rank": 3.0 + t.number}) for t in context.trials]
    text = trials(replace(context, trials=tuple(ranked), at_hand=tuple(ranked))).text
    rows = {int(row.split("|")[1]): row.split("|")[6:-1] for row in text.splitlines() if row[2:3].isdigit()}
    assert rows[119] == [" 122 "]
    assert rows[105] == []
    assert rows[4] == [" 7 "], "node 4 leads"
    assert f"of the latest {prompt_trials.DIAGNOSED} trials and of the leading configurations" in text


def test_a_configuration_shows_what_it_does_not_share_with_the_leader():
    rows = {row.split("|")[1].strip(): row for row in configurations(small()).rows}
    head = configurations(small()).head[-2]
    assert "| lr |" in head
    assert rows["4 leader"].split("|")[4].strip() == "0.003"
    assert rows["2"].split("|")[4].strip() == "="
    assert "0.01" in rows["0 (2 runs)"]


def test_metrics_that_are_not_shown_are_folded_by_their_first_word():
    names = ["offset_0", "offset_1", "offset_2", "rank", "alpha_gauge", "alpha"]
    assert prompt_trials._folded(names) == ["offset_* (3)", "rank", "alpha_gauge", "alpha"]


def test_a_column_that_holds_one_text_is_said_once_and_a_row_ends_with_its_last_cell():
    context = repeated(show=("rank", "flat"))
    own = [
        t if t.value is None else ended(t, metrics={**t.metrics, "rank": 3.0 + t.number, "flat": 1.0 + 1e-6 * t.number})
        for t in context.trials
    ]
    section = trials(replace(context, trials=tuple(own), at_hand=tuple(own)))
    assert "Equal in all rows that have it: flat=1." in section.head
    assert "flat |" not in section.text
    rows = {int(row.split("|")[1]): row for row in section.rows}
    assert rows[119].count("|") == rows[105].count("|") + 1, "the older one has no rank"


def test_how_many_steps_a_run_took_is_shown_where_it_is_returned_and_otherwise_named_as_missing():
    assert "Not returned: how many steps a run took." in trials(small(show=("rank",))).head
    counted = [
        t if t.value is None else ended(t, metrics={**t.metrics, "training_steps": 100.0 + t.number})
        for t in small().trials
    ]
    text = trials(small(show=("rank",), trials=tuple(counted))).text
    assert "| training_steps |" in text
    assert "how many steps" not in text


def test_near_a_ceiling_a_change_is_the_factor_of_the_distance():
    section = trials(small(ceiling=1.0))
    rows = {int(row.split("|")[1]): [cell.strip() for cell in row.split("|")] for row in section.rows}
    assert rows[4][5] == "x0.24", "0.29 of the distance became 0.07"
    assert rows[2][5] == "x0.6"
    assert "+0.22" not in section.text


def test_a_factor_has_the_digits_that_it_needs():
    assert [factor(digits) for digits in (-0.62, 0.004, 0.3, 2.3, 400.0)] == ["x0.24", "x1.01", "x2", "x200", "x1e+300"]
