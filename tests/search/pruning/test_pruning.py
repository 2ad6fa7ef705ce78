"""Rules of early stopping, the limits that they publish, and what becomes of a stopped job."""

import json
import math

import pytest
from search_worlds import OBJECTIVE, open_study, settings

from hydra_llm import job
from hydra_llm.atomic_write import write_json
from hydra_llm.job import Report
from hydra_llm.search.proposers.llm.prompt_sections import failures
from hydra_llm.search.proposers.llm.prompt_trials import trials
from hydra_llm.search.pruning.asha import AshaRule
from hydra_llm.search.pruning.base import Limit, PruningRule
from hydra_llm.search.pruning.intermediate_scores import IntermediateScores
from hydra_llm.search.pruning.median import MedianRule
from hydra_llm.search.pruning.pruning import Pruning
from hydra_llm.search.pruning.stopped import mark_pruned
from hydra_llm.search.testing.pruning import PruningConformance
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import Outcome
from hydra_llm.search.trial.trial import TrialError, TrialState

UP = Objective(direction="maximize")


def scores(pruning, curves, goal=UP):
    made = IntermediateScores(pruning, goal)
    for curve in curves:
        made.add([Report(step, value) for step, value in curve])
    return made


def limits(pruning, curves, goal=UP):
    return {row["step"]: row["score"] for row in scores(pruning, curves, goal).rows()}


def folder_of(tmp_path, number, reports=(), stop=None):
    """A job's folder as the job leaves it."""
    folder = tmp_path / str(number)
    folder.mkdir(exist_ok=True)
    lines = [{"number": number}, *({"step": step, "value": value} for step, value in reports)]
    (folder / job.REPORTS_NAME).write_text("".join(json.dumps(line) + "\n" for line in lines))
    if stop is not None:
        write_json(folder / job.STOP_NAME, {"rule": "median", "reason": stop})
    return str(folder)


@pytest.mark.parametrize(
    "goal", [Objective(), Objective(direction="minimize"), Objective(direction="target", target=1.5)], ids=str
)
def test_a_job_scores_its_reports_as_the_search_does(goal):
    told = {"direction": goal.direction, "target": goal.target}
    for value in (-3.0, 0.0, 1.4, 1.6, 1e300):
        assert job.score(value, told) == goal.score(value)


# ---- the rules ----
def test_median_is_that_of_the_best_reports_until_the_step():
    rising = [[(0, 0.1 * k), (1, 0.2 * k)] for k in (1, 2, 3)]
    falling = [[(0, 0.9), (1, 0.0)]]
    assert limits(Pruning(MedianRule(), startup_trials=3), rising + falling) == {
        0: pytest.approx(0.25),
        1: pytest.approx(0.5),  # of 0.2, 0.4, 0.6 and 0.9, the falling one's best
    }


def test_a_step_that_few_trials_reached_has_no_limit():
    curves = [[(0, 1.0), (1, 1.0)], [(0, 2.0), (1, 2.0)], [(0, 3.0)]]
    assert limits(Pruning(MedianRule(), startup_trials=3), curves) == {0: 2.0}


def test_reports_before_the_warm_up_are_not_judged():
    curves = [[(step, 1.0) for step in range(5)]] * 2
    assert list(limits(Pruning(MedianRule(), startup_trials=2, warmup_steps=3), curves)) == [3, 4]


def test_a_minimised_report_is_limited_from_above_and_shown_in_its_own_unit():
    down = Objective(direction="minimize")
    made = scores(Pruning(MedianRule(), startup_trials=3), [[(0, v)] for v in (0.1, 0.2, 0.9)], down)
    (row,) = made.rows()
    assert row["score"] == -0.2
    assert row["what"] == "the median of 3 trials at step 0 is 0.2"


def test_asha_compares_at_rungs_only_whatever_steps_are_reported():
    curves = [[(step, 0.1 * k) for step in range(0, 30, 2)] for k in range(6)]
    assert list(limits(Pruning(AshaRule(first_rung=1, reduction_factor=3), startup_trials=4), curves)) == [1, 3, 9, 27]


def test_asha_lets_one_in_eta_go_on():
    values = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
    rows = limits(Pruning(AshaRule(first_rung=1, reduction_factor=3)), [[(1, v)] for v in values])
    better = [v for v in values if v >= rows[1]]
    assert len(better) == 3  # of nine, the job that compares itself included


def test_a_trial_without_a_finite_report_counts_as_the_worst():
    curves = [[(0, math.nan)], [(0, 1.0)], [(0, 2.0)]]
    assert limits(Pruning(MedianRule(), startup_trials=3), curves) == {0: 1.0}
    assert limits(Pruning(MedianRule(), startup_trials=3), [[(0, math.nan)]] * 3) == {}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"rule": "halving"}, r"pruning\.rule must be one of median, asha, null, or the dotted path of a subclass of"),
        (
            {"rule": "asha", "first_rung": 1, "reduction_factor": 1},
            r"pruning\.reduction_factor must be at least 2, got 1",
        ),
        ({"rule": "asha", "first_rung": 0, "reduction_factor": 3}, r"pruning\.first_rung must be at least 1, got 0"),
        ({"direction": "up"}, r"pruning\.direction must be one of maximize, .*, or null, got 'up'"),
        ({"keep": "best"}, "must be one of last, returned, nothing, or null, got 'best'"),
        ({"startup_trials": 0}, r"pruning\.startup_trials must be at least 1, got 0"),
        ({"max_minutes": 0.0}, r"pruning\.max_minutes must be above 0, or null, got 0\.0"),
        ({"watch_s": -1.0}, r"pruning\.watch_s must be above 0, or null, got -1\.0"),
    ],
)
def test_a_wrong_setting_is_a_sentence(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        Pruning.of(wrong)


# ---- a rule of one's own ----
class Milestone(PruningRule):
    """What must be reached at step 3, and nowhere else."""

    def __init__(self, least=0.5):
        self.least = least

    def limit(self, step, scores):
        return Limit(self.least, "the milestone") if step == 3 else None


class Thinned(MedianRule):
    """Compares every tenth step; `startup_trials` is read to show that a rule may."""

    def __init__(self, startup_trials):
        self.startup_trials = startup_trials

    @classmethod
    def from_settings(cls, settings):
        return cls(settings["startup_trials"])

    def compared(self, curve):
        return {step: best for step, best in curve if step % 10 == 0}


def test_a_rule_of_ones_own_is_chosen_by_its_dotted_path_and_named_by_it_in_the_limits(tmp_path):
    pruning = Pruning.of({"rule": f"{__name__}.Milestone", "startup_trials": 1})
    assert limits(pruning, [[(step, 0.1) for step in range(5)]]) == {3: 0.5}
    study = open_study(tmp_path, settings(pruning=pruning))
    run_one(study, tmp_path, [(3, 0.9)])
    study.launched(study.ask(1)[:1])
    assert published(tmp_path)["rule"] == f"{__name__}.Milestone"
    assert published(tmp_path)["rows"] == [
        {"step": 3, "score": 0.5, "what": "the milestone of 1 trials at step 3 is 0.5"}
    ]


def test_a_rule_of_ones_own_may_read_the_keys_of_the_group():
    pruning = Pruning.of({"rule": f"{__name__}.Thinned", "startup_trials": 2})
    assert pruning.rule.startup_trials == 2
    assert list(limits(pruning, [[(step, 1.0) for step in range(25)]] * 2)) == [0, 10, 20]


def test_a_rule_that_is_an_object_already_is_used_as_it_is():
    rule = Milestone(0.7)
    assert Pruning.of({"rule": rule}).rule is rule


class TestMedian(PruningConformance):
    def make(self):
        return MedianRule()


class TestAsha(PruningConformance):
    def make(self):
        return AshaRule(first_rung=1, reduction_factor=3)


class TestMilestone(PruningConformance):
    def make(self):
        return Milestone()


class TestThinned(PruningConformance):
    def make(self):
        return Thinned(2)


def test_the_goal_of_reports_is_the_searchs_own_unless_named():
    aimed = Objective("ratio", "target", 1.0)
    assert Pruning(MedianRule()).goal(aimed) is aimed
    assert Pruning(MedianRule(), direction="minimize").goal(aimed) == Objective(direction="minimize")
    assert Pruning(MedianRule(), direction="target").goal(aimed) == Objective(direction="target", target=1.0)


# ---- what becomes of a stopped job ----
@pytest.mark.parametrize(
    ("pruning", "value"),
    [
        (Pruning(MedianRule()), 0.4),
        (Pruning(MedianRule(), direction="minimize"), 0.9),
        (Pruning(MedianRule(), keep="returned"), 0.9),
        (Pruning(MedianRule(), keep="nothing"), None),
    ],
)
def test_a_stopped_job_is_pruned_with_its_reason_and_the_value_that_the_rule_keeps(tmp_path, pruning, value):
    folder = folder_of(tmp_path, 3, [(0, 0.3), (1, 0.4), (2, None)], stop="too slow")
    marked = mark_pruned(Outcome(TrialState.COMPLETED, value=0.9, metrics={"R2": 0.9}, folder=folder), pruning)
    assert (marked.state, marked.value, str(marked.error)) == (TrialState.PRUNED, value, "Pruned: too slow")
    assert marked.metrics == {"R2": 0.9}


def test_a_stopped_job_that_returns_nothing_is_pruned_not_invalid(tmp_path):
    folder = folder_of(tmp_path, 3, [(0, 0.3)], stop="too slow")
    marked = mark_pruned(Outcome(TrialState.INVALID, error=TrialError("MetricError", "None"), folder=folder), Pruning())
    assert (marked.state, marked.value) == (TrialState.PRUNED, 0.3)


def test_raising_stopped_is_pruned_and_any_other_exception_stays_a_failure(tmp_path):
    folder = folder_of(tmp_path, 3, [(0, 0.3)], stop="too slow")
    for name, state in (("Stopped", TrialState.PRUNED), ("RuntimeError", TrialState.FAILED)):
        outcome = Outcome(TrialState.FAILED, error=TrialError(name, ""), folder=folder)
        assert mark_pruned(outcome, Pruning()).state is state


@pytest.mark.parametrize("state", [TrialState.LOST, TrialState.TIMEOUT, TrialState.CANCELLED])
def test_a_job_that_did_not_end_by_itself_keeps_its_state(tmp_path, state):
    folder = folder_of(tmp_path, 3, stop="too slow")
    assert mark_pruned(Outcome(state, folder=folder), Pruning()).state is state


def test_a_job_that_never_asked_completes(tmp_path):
    folder = folder_of(tmp_path, 3, [(0, 0.3)])
    (tmp_path / "3" / job.STOP_NAME).touch()  # by a person, not seen by the job
    assert mark_pruned(Outcome(TrialState.COMPLETED, value=0.9, folder=folder), Pruning()).state is TrialState.COMPLETED


# ---- in a study ----
RULE = Pruning(MedianRule(), startup_trials=2)


def run_one(study, tmp_path, reports, value=0.5, stop=None):
    (trial,) = study.launched(study.ask(1)[:1])
    folder = folder_of(tmp_path, trial.number, reports, stop)
    return study.tell(trial.number, Outcome(TrialState.COMPLETED, value=value, folder=folder))


def published(tmp_path):
    return json.loads((tmp_path / job.LIMITS_NAME).read_text())


def test_limits_are_published_before_a_launch_from_what_finished_trials_reported(tmp_path):
    study = open_study(tmp_path, settings(pruning=RULE))
    for value in (0.2, 0.4):
        run_one(study, tmp_path, [(0, value)])
    study.launched(study.ask(1)[:1])
    found = published(tmp_path)
    assert [(row["step"], row["score"]) for row in found["rows"]] == [(0, pytest.approx(0.3))]
    assert (found["rule"], found["direction"], found["exempt"]) == ("median", "maximize", [])


def test_a_resumed_study_publishes_the_same_limits(tmp_path):
    study = open_study(tmp_path, settings(pruning=RULE))
    for value in (0.2, 0.4, 0.5):
        run_one(study, tmp_path, [(0, value)])
    study.launched(study.ask(1)[:1])
    first = published(tmp_path)
    study.log.close()
    again = open_study(tmp_path, settings(pruning=RULE))
    again.publish_limits()
    assert published(tmp_path) == first


def test_limits_of_an_earlier_session_do_not_outlive_it(tmp_path):
    study = open_study(tmp_path, settings(pruning=Pruning(max_minutes=5.0)))
    run_one(study, tmp_path, [])
    assert published(tmp_path)["max_minutes"] == 5.0
    study.log.close()
    open_study(tmp_path, settings())
    assert not (tmp_path / job.LIMITS_NAME).exists()


def test_without_a_rule_nothing_is_published(tmp_path):
    run_one(open_study(tmp_path, settings()), tmp_path, [(0, 0.5)])
    assert not (tmp_path / job.LIMITS_NAME).exists()


def test_running_siblings_count_only_while_they_are_watched(tmp_path):
    for watch_s, expected in ((None, 0), (1.0, 1)):
        folder = tmp_path / str(watch_s)
        study = open_study(
            folder, settings(pruning=Pruning(MedianRule(), startup_trials=2, watch_s=watch_s), n_parallel=2)
        )
        for trial in study.launched(study.ask(2)):
            folder_of(folder, trial.number, [(0, 0.5)])
        study.publish_limits()
        assert len(published(folder)["rows"]) == expected


def test_another_block_is_another_problem(tmp_path):
    study = open_study(tmp_path, settings(pruning=RULE, n_iter_block=3))
    for value in (0.2, 0.4, 0.5):
        run_one(study, tmp_path, [(0, value)])
    study.launched(study.ask(1)[:1])
    assert study.state.blocks[-1].index == 2
    assert published(tmp_path)["rows"] == []


def test_a_confirmation_run_is_exempt(tmp_path):
    from hydra_llm.search.settings import Confirmation

    wanted = settings(pruning=RULE, n_trials=3, seed_keys=("seed",), confirmation=Confirmation(1, ("search",)))
    study = open_study(tmp_path, wanted)
    for value in (0.2, 0.4, 0.5):
        run_one(study, tmp_path, [(0, value)], value)
    trials = study.launched(study.ask(1))
    assert {trial.purpose for trial in trials} == {"confirm"}
    assert published(tmp_path)["exempt"] == [trial.number for trial in trials]


def test_a_pruned_trial_is_scored_by_its_last_report_and_its_reason_reaches_the_proposer(tmp_path):
    study = open_study(tmp_path, settings(pruning=RULE))
    run_one(study, tmp_path, [(0, 0.2)], 0.6)
    trial = run_one(study, tmp_path, [(0, 0.1)], 0.5, stop="its best report until step 0 was 0.1")
    assert (trial.state, trial.value) == (TrialState.PRUNED, 0.1)
    assert study.state.tree.node(trial.number).scores == [OBJECTIVE.score(0.1)]
    context = study._proposals.context(study.state, (), 2)
    reason = '<data from="trial 1">its best report until step 0 was 0.1</data>'
    assert f"stopped early: {reason}" in "\n".join(trials(context).rows)
    assert failures(context) is None


def test_a_pruned_trial_without_a_value_counts_as_a_bad_configuration(tmp_path):
    study = open_study(tmp_path, settings(pruning=Pruning(MedianRule(), keep="nothing")))
    run_one(study, tmp_path, [(0, 0.2)], 0.6)
    trial = run_one(study, tmp_path, [(0, 0.1)], 0.5, stop="too slow")
    node = study.state.tree.node(trial.number)
    assert (node.failures, node.scores, node.visits) == (1, [], 1)
    assert study.state.failures == 0  # of the sweep: nothing is wrong with the application
