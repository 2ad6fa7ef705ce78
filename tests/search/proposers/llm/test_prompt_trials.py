"""What a question leaves out of old trials, and how it says so."""

from dataclasses import replace

from llm_sweeps import small
from search_worlds import ended

from hydra_llm.search.proposers.llm import prompt_trials
from hydra_llm.search.proposers.llm.prompt_configurations import configurations
from hydra_llm.search.proposers.llm.prompt_trials import trials, words


def repeated(count=20, **fields):
    """The failed trial of the small tree, told again as so many reruns of the baseline."""
    context = small()
    first = context.trials[1]
    more = tuple(replace(first, number=100 + n) for n in range(count))
    every = (*context.trials[:5], *more)
    tree = type(context.tree)(context.space, context.objective, every)
    return replace(context, trials=every, tree=tree, at_hand=every, ranking=(), **fields)


def test_older_observations_stay_where_they_surprise_or_lead_and_the_others_are_counted():
    numbers = range(100, 120)
    context = repeated(
        observations={n: f"observation {n} " + "x" * 200 for n in (0, 4, *numbers)},
        fates={n: f"predicted 0..1: {'missed' if n == 103 else 'held'}" for n in (0, 4, *numbers)},
    )
    section = words(context)
    assert [row.split(":")[0] for row in section.rows] == ["- 119", "- 118", "- 103", "- 4"]
    assert "missed" in section.rows[2]
    assert section.rows[3].startswith("- 4: observation 4"), "of a leader, and its prediction held"
    assert section.foot == ("(18 older ones stand in analysis.md: their predictions held, trials 0, 100-102, 104-117)",)


def test_what_is_yours_to_judge_is_never_counted_away():
    context = repeated(
        observations=dict.fromkeys(range(100, 120), "seen"),
        fates=dict.fromkeys(range(100, 120), "predicted 0..1: held; refuted if below 0: yours to judge"),
    )
    assert len(words(context).rows) == 20


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
    rows = {int(row.split("|")[1]): row.split("|")[-2].strip() for row in text.splitlines() if row[2:3].isdigit()}
    assert rows[119] != ""
    assert rows[105] == ""
    assert rows[4] == "7", "node 4 leads"
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
