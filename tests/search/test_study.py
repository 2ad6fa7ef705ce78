"""The study over a whole sweep: the same twice, resumed anywhere, nothing lost, nothing run twice."""

import json
import random
from dataclasses import replace

import pytest
from search_worlds import LOST, OBJECTIVE, SPACE, bowl, comparable, lose_running, open_study, run_study, settings

from hydra_llm.search.context import Thresholds
from hydra_llm.search.log.event_log import EVENTS_NAME, read_events
from hydra_llm.search.log.events import Launched, Told
from hydra_llm.search.log.header import IncompatibleSweepError
from hydra_llm.search.log.reader import read_sweep
from hydra_llm.search.proposers.base import Proposer, ProposerError, ProposerStop
from hydra_llm.search.proposers.decision import Decision, Refusal
from hydra_llm.search.proposers.random import RandomProposer
from hydra_llm.search.records.confirmation import compare, summary_lines
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.settings import Confirmation, Stop
from hydra_llm.search.space.space import Categorical, Integer, Space
from hydra_llm.search.study import Study
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import Outcome, from_result
from hydra_llm.search.trial.provenance import Provenance
from hydra_llm.search.trial.trial import TrialError, TrialState

FULL = settings(
    n_trials=14,
    n_parallel=4,
    seed_keys=("seed",),
    thresholds=Thresholds(),
    confirmation=Confirmation(2, ("search", "full")),
    max_infra_retries=50,
)


@pytest.mark.parametrize("proposer", ["rules", "random"])
@pytest.mark.parametrize("n_parallel", [1, 4])
def test_the_same_sweep_twice_gives_the_same_trials(tmp_path, proposer, n_parallel):
    wanted = replace(FULL, n_parallel=n_parallel)
    one = run_study(open_study(tmp_path / "a", wanted, proposer))
    two = run_study(open_study(tmp_path / "b", wanted, proposer))
    assert comparable(one) == comparable(two)


def test_another_seed_gives_another_sweep(tmp_path):
    one = run_study(open_study(tmp_path / "a", FULL))
    two = run_study(open_study(tmp_path / "b", replace(FULL, seed=1)))
    assert [t.values for t in one] != [t.values for t in two]


@pytest.mark.parametrize("crash_seed", range(12))
def test_a_sweep_cut_at_any_byte_and_resumed_equals_the_uninterrupted_one(tmp_path, crash_seed):
    """Cutting the log anywhere is what any crash leaves behind, torn last line included."""
    whole = run_study(open_study(tmp_path / "whole", FULL))
    data = (tmp_path / "whole" / EVENTS_NAME).read_bytes()
    header = data.index(b"\n") + 1
    rng = random.Random(crash_seed)
    folder = tmp_path / "cut"
    folder.mkdir()
    for _ in range(3):  # crash, resume a little, crash again
        cut = data[: rng.randrange(header, len(data))]
        (folder / EVENTS_NAME).write_bytes(cut)
        study = open_study(folder, FULL)
        run_study(lose_running(study), stop_after=rng.randrange(1, 6))
        data = (folder / EVENTS_NAME).read_bytes()
    study = open_study(folder, FULL)
    assert comparable(run_study(lose_running(study))) == comparable(whole)
    told = [e.number for e in read_events(folder / EVENTS_NAME) if isinstance(e, Told)]
    assert sorted(told) == sorted({t.number for t in whole})  # every trial ends once


def test_n_trials_is_a_total_over_sessions(tmp_path):
    run_study(open_study(tmp_path, FULL), stop_after=5)
    study = open_study(tmp_path, FULL)
    run_study(lose_running(study))
    assert len(study.state.search) == 14
    more = open_study(tmp_path, replace(FULL, n_trials=16))
    run_study(more)
    assert len(more.state.search) == 16


def test_numbers_start_above_folders_that_are_there_and_never_repeat(tmp_path):
    (tmp_path / "7").mkdir()
    trials = run_study(open_study(tmp_path, settings(n_trials=3)))
    assert [t.number for t in trials] == [8, 9, 10]


def test_launching_is_recorded_before_the_outcome(tmp_path):
    run_study(open_study(tmp_path, settings(n_trials=4)))
    seen = set()
    for event in read_events(tmp_path / EVENTS_NAME):
        if isinstance(event, Launched):
            seen |= set(event.numbers)
        if isinstance(event, Told):
            assert event.number in seen
    assert seen == {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"objective": Objective("R2", "minimize")}, "direction: maximize -> minimize"),
        ({"objective": Objective("acc")}, "metric: R2 -> acc"),
        ({"seed": 5}, "seed: 0 -> 5"),
        ({"identity": {"fixed": ["a=1"]}}, r"fixed: None -> \['a=1'\]"),
        ({"space": Space((*SPACE.dimensions, Integer(name="k", low=0, high=1, default=0)))}, "parameter k: added"),
        (
            {"space": Space((*SPACE.dimensions[:2], Categorical(name="net", choices=("a",), default="a")))},
            "net, choices",
        ),
    ],
)
def test_another_sweep_in_the_folder_is_refused_with_a_readable_difference(tmp_path, change, line):
    run_study(open_study(tmp_path, settings(n_trials=2)))
    with pytest.raises(IncompatibleSweepError, match=line):
        open_study(tmp_path, settings(n_trials=2, **change))


def test_resume_must_and_never(tmp_path):
    with pytest.raises(IncompatibleSweepError, match="no sweep to continue"):
        open_study(tmp_path / "a", settings(), resume="must")
    open_study(tmp_path / "b", settings(), resume="never").close()
    with pytest.raises(IncompatibleSweepError, match="already holds a sweep"):
        open_study(tmp_path / "b", settings(), resume="never")


def test_a_lost_trial_runs_again_under_its_number_as_often_as_allowed(tmp_path):
    study = open_study(tmp_path, settings(n_trials=2, max_infra_retries=2))
    trials = run_study(study, task=lambda trial: LOST if trial.number == 1 else bowl(trial))
    assert [(t.number, t.state, t.attempt) for t in trials] == [
        (0, TrialState.COMPLETED, 1),
        (1, TrialState.LOST, 3),
    ]


def test_a_job_that_takes_its_siblings_with_it_does_so_once(tmp_path):
    study = open_study(tmp_path, settings(n_trials=4, n_parallel=4, max_infra_retries=1))
    while not study.is_over:
        asked = study.launched(study.ask(4))
        killed = any(trial.number == 2 for trial in asked)
        for trial in asked:
            if killed:
                study.tell(trial.number, LOST)
            else:
                study.tell(trial.number, from_result(bowl(trial), study.settings.objective))
    assert [t.state for t in study.state.trials.values() if t.number != 2] == [TrialState.COMPLETED] * 3
    assert study.state.trials[2].state is TrialState.LOST


def test_trials_that_may_have_ended_their_batch_run_again_one_by_one_after_a_resume_too(tmp_path):
    wanted = settings(n_trials=4, n_parallel=4)
    study = open_study(tmp_path, wanted)
    for trial in study.launched(study.ask(4)):
        study.put_back(trial.number, "one of them ended the launch", alone=trial.number < 3)
    study.close()
    again = open_study(tmp_path, wanted)
    sizes = []
    while asked := again.ask(4):
        sizes.append([trial.number for trial in again.launched(asked)])
        for trial in asked:
            again.tell(trial.number, bowl(trial))
    assert sizes == [[0], [1], [2], [3]]
    assert all(trial.attempt == 1 for trial in again.state.trials.values())


def test_failures_are_results_and_the_search_goes_on(tmp_path):
    def task(trial):
        return bowl(trial) if trial.number != 2 else Outcome(TrialState.FAILED, error=TrialError("Boom", "bad lr"))

    study = open_study(tmp_path, settings(n_trials=6))
    trials = run_study(study, task)
    assert [t.state for t in trials].count(TrialState.FAILED) == 1
    assert len(trials) == 6
    assert study.state.tree.node(2).failed


def test_identical_failures_in_a_row_end_the_sweep(tmp_path):
    failed = Outcome(TrialState.FAILED, error=TrialError("ImportError", "no module x"))
    study = open_study(tmp_path, settings(n_trials=20, fail_fast=3))
    assert len(run_study(study, lambda trial: failed)) == 3
    assert "no module x" in study.must_stop
    assert f"run the same command in the same folder again ({tmp_path})" in study.must_stop


def test_too_many_failures_end_the_sweep(tmp_path):
    def task(trial):
        return Outcome(TrialState.FAILED, error=TrialError("Boom", str(trial.number)))

    study = open_study(tmp_path, settings(n_trials=10, max_failure_rate=0.3))
    assert len(run_study(study, task)) == 4


def test_reruns_draw_fresh_seeds_and_first_runs_keep_the_applications_own(tmp_path):
    study = open_study(tmp_path, replace(FULL, confirmation=Confirmation()))
    trials = run_study(study)
    first = {study.state.tree.node(t.number).trials[0] for t in trials}
    assert all(t.seeds == {} for t in trials if t.number in first)
    rerun = [t for t in trials if t.number not in first]
    assert rerun
    assert all(t.seeds for t in rerun)


def test_with_fresh_seeds_no_two_runs_share_their_data_whatever_their_configuration(tmp_path):
    study = open_study(tmp_path, replace(FULL, fresh_seeds=True, start="baselines", confirmation=Confirmation()))
    trials = run_study(study)
    assert len({json.dumps(t.seeds) for t in trials}) == len(trials) == 14
    assert len({json.dumps(t.values) for t in trials[:12]}) == 1  # seeds are no part of a configuration
    assert study.state.tree.node(0).runs >= 12


def test_references_run_on_the_seeds_of_the_confirmation_and_stand_beside_it(tmp_path):
    study = open_study(tmp_path, replace(FULL, confirmation=Confirmation(2, ("search",), ("standard",))))
    run_study(study)
    runs = study.state.confirmations
    seeds = {role: [t.seeds for t in runs if t.proposal.role == role] for role in ("best", "baseline", "standard")}
    assert seeds["best"] == seeds["baseline"] == seeds["standard"]
    (found,) = compare(study.state)
    assert len(found.references["standard"].values) == 2
    assert any(line.strip().startswith("standard") for line in summary_lines(study.state, study.settings.objective))
    with pytest.raises(ValueError, match=r"A name in confirm.references must be new to the confirmation, got best"):
        Confirmation(2, ("search",), ("best",))


def test_confirmation_pairs_best_and_baseline_on_the_same_fresh_seeds(tmp_path):
    study = open_study(tmp_path, FULL)
    run_study(study)
    best = study.state.best()
    assert best is not None
    for budget in ("search", "full"):
        runs = [t for t in study.state.confirmations if t.budget == budget]
        seeds = {role: [t.seeds for t in runs if t.proposal.role == role] for role in ("best", "baseline")}
        assert seeds["best"] == seeds["baseline"]
        assert len({json.dumps(s) for s in seeds["best"]}) == 2
        assert {t.values["lr"] for t in runs if t.proposal.role == "best"} == {best.values["lr"]}


def test_confirmation_runs_do_not_enter_the_tree(tmp_path):
    study = open_study(tmp_path, FULL)
    run_study(study)
    assert sum(node.runs for node in study.state.tree) == 14


def test_patience_target_and_time_end_the_search(tmp_path):
    flat = open_study(tmp_path / "a", settings(n_trials=50, stop=Stop(patience=4)))
    assert len(run_study(flat, lambda trial: {"R2": 0.5})) == 5
    reached = open_study(tmp_path / "b", settings(n_trials=50, stop=Stop(target_value=0.7)))
    assert len(run_study(reached)) < 50
    clock = iter(range(0, 10**6, 600))
    timed = open_study(tmp_path / "c", settings(n_trials=50, stop=Stop(max_hours=2)), stopwatch=lambda: next(clock))
    assert len(run_study(timed)) < 10


def test_a_configuration_that_does_not_compose_is_refused_recorded_and_replaced(tmp_path):
    def validate(values, block):
        return ["It does not compose: net b is broken"] if values["net"] == "b" else []

    study = open_study(tmp_path, settings(n_trials=20), validate=validate)
    trials = run_study(study)
    assert len(trials) == 20
    assert all(t.values["net"] != "b" for t in trials)
    assert study.state.rejections
    assert {r.proposal.values["net"] for r in study.state.rejections} == {"b"}


def test_a_failing_proposer_is_replaced_in_the_open(tmp_path):
    class Outage(Proposer):
        name = "llm"

        def propose(self, context):
            raise ProposerError("the server answered 503")

    study = Study(tmp_path, settings(n_trials=3), make_policy("greedy", None), Outage(), argv=[])
    trials = run_study(study)
    assert {str(t.proposal.provenance) for t in trials} == {"rules (llm failed: the server answered 503)"}


def test_a_proposer_that_demands_a_stop_is_obeyed(tmp_path):
    class Stopping(Proposer):
        name = "llm"

        def propose(self, context):
            raise ProposerStop("budget used")

    study = Study(tmp_path, settings(), make_policy("greedy", None), Stopping(), argv=[])
    assert study.ask(1) == []
    assert study.is_over
    assert study.search_over == study.failure == "budget used"


def test_a_wrong_answer_is_returned_with_the_reason_and_repaired(tmp_path):
    class Learning(Proposer):
        name = "llm"

        def __init__(self):
            self.feedback = []

        def propose(self, context):
            self.feedback.append(context.feedback)
            (proposal,) = RandomProposer().propose(context)
            return [proposal if context.feedback else replace(proposal, values={"lr": 99.0})]

    proposer = Learning()
    study = Study(tmp_path, settings(n_trials=1), make_policy("greedy", None), proposer, argv=[])
    (trial,) = study.ask(1)
    assert "outside its range" in proposer.feedback[1][0]
    assert trial.proposal.provenance == Provenance("random")
    assert len(study.state.rejections) == 1


TINY = Space((Integer(name="n", low=1, high=2, default=1),))


def test_a_used_up_space_ends_the_search_and_is_no_failure(tmp_path):
    study = open_study(tmp_path, settings(n_trials=9, n_parallel=3, space=TINY))
    run_study(study, lambda trial: {"R2": 0.5})
    assert [trial.values["n"] for trial in study.state.search_trials()] == [1, 2]
    assert study.search_over == "every configuration was run"
    assert study.failure == ""


def test_a_used_up_space_waits_for_what_runs(tmp_path):
    study = open_study(tmp_path, settings(n_trials=9, n_parallel=2, space=TINY), "random")
    first, second = study.launched(study.ask(2))
    study.tell(first.number, from_result({"R2": 0.1}, OBJECTIVE))
    assert study.ask(1, [0]) == []
    assert not study.is_over
    study.tell(second.number, from_result({"R2": 0.2}, OBJECTIVE))
    assert study.is_over


def test_a_stop_of_the_proposer_is_followed_by_the_confirmation_once_nothing_runs(tmp_path):
    class Stopping(RandomProposer):
        def propose(self, context):
            if context.next_number == 2:
                raise ProposerStop("budget used")
            return super().propose(context)

    wanted = settings(n_parallel=2, seed_keys=("seed",), confirmation=Confirmation(1, ("search",)))
    study = Study(tmp_path, wanted, make_policy("greedy", None), Stopping(), argv=[])
    first, second = study.launched(study.ask(2))
    study.tell(first.number, from_result({"R2": 0.1}, OBJECTIVE))
    assert study.ask(1, [0]) == []
    study.tell(second.number, from_result({"R2": 0.2}, OBJECTIVE))
    assert {trial.purpose for trial in study.ask(2)} == {"confirm"}


def test_a_regime_whose_space_is_used_up_gives_way_to_the_next(tmp_path):
    regimes = Space((Categorical(name="sim", choices=("a", "b"), default="a"),))
    study = open_study(tmp_path, settings(n_trials=9, n_iter_block=5, space=TINY, block_space=regimes))
    run_study(study, lambda trial: {"R2": 0.5})
    assert [(t.block, t.values["n"]) for t in study.state.search_trials()] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert study.search_over == "every configuration was run"


def test_what_was_refused_is_on_record_before_the_search_ends(tmp_path):
    def validate(values, block):
        return ["No such option."] if values["net"] == "zzz" else []

    space = Space((Categorical(name="net", choices=("a", "zzz"), default="a"),))
    study = open_study(tmp_path, settings(space=space), validate=validate)
    run_study(study, lambda trial: {"R2": 0.5})
    assert study.search_over == "every configuration was run"
    assert read_sweep(tmp_path).state.rejections[0].reasons == ("No such option.",)


def test_a_space_in_which_nothing_else_can_run_is_a_failure_and_not_used_up(tmp_path):
    study = open_study(tmp_path, settings(), validate=lambda values, block: ["No." for v in [values["lr"]] if v != 0.3])
    run_study(study)
    assert "No proposer found a configuration that can run" in study.failure


def test_an_error_in_a_proposer_ends_the_asking_and_loses_nothing_that_runs(tmp_path):
    class Broken(RandomProposer):
        name = "broken"

        def propose(self, context):
            if context.next_number:
                raise KeyError("mu")
            return super().propose(context)

    study = Study(tmp_path, settings(n_parallel=2), make_policy("greedy", None), Broken(), argv=[])
    (running,) = study.launched(study.ask(1, [0]))
    assert study.ask(1, [1]) == []
    assert study.failure.startswith("The proposer broken failed (KeyError: 'mu').")
    assert study.tell(running.number, from_result({"R2": 0.1}, OBJECTIVE)).value == 0.1
    assert study.is_over


def test_what_a_model_was_asked_and_cost_is_on_record_when_it_demands_a_stop(tmp_path):
    class Stopping(Proposer):
        name = "llm"

        def propose(self, context):
            refused = Refusal(RandomProposer().propose(context)[0], ("Twice.",))
            raise ProposerStop("no answer", Decision(refused=(refused,)))

    study = Study(tmp_path, settings(), make_policy("greedy", None), Stopping(), argv=[])
    assert study.ask(1) == []
    assert [rejection.reasons for rejection in study.state.rejections] == [("Twice.",)]


def test_a_told_trial_can_not_be_told_again(tmp_path):
    study = open_study(tmp_path, settings(n_trials=2))
    run_study(study)
    with pytest.raises(ValueError, match="already told"):
        study.tell(0, LOST)
