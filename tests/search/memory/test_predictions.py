"""The ledger: what counts as held, how it is scored, and what the forecaster is told."""

import math
from dataclasses import replace

import pytest
from search_worlds import SPACE, bowl, ended, run_study, settings, trial

from hydra_llm.search.log.event_log import EVENTS_NAME
from hydra_llm.search.memory import predictions
from hydra_llm.search.memory.predictions import calibration, judged, summary
from hydra_llm.search.proposers.rules.proposer import RulesProposer
from hydra_llm.search.records import results
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.study import Study
from hydra_llm.search.trial.outcome import Outcome
from hydra_llm.search.trial.trial import Prediction, TrialError, TrialState


def forecast(value, low=0.4, high=0.6, floor=0.0, state=TrialState.RUNNING):
    one = trial(0, None, value)
    if state.is_finished:
        one = ended(one, state=state)
    proposal = replace(one.proposal, prediction=Prediction(low, high, "because", "below 0.3"))
    return judged(replace(one, proposal=proposal), floor)


def test_a_result_on_the_border_is_inside():
    assert [forecast(v).status for v in (0.4, 0.5, 0.6, 0.61)] == ["held", "held", "held", "missed"]


def test_the_interval_score_is_the_width_plus_ten_times_the_miss():
    assert forecast(0.5).interval_score == pytest.approx(0.2)
    assert forecast(0.7).interval_score == pytest.approx(0.2 + 10 * 0.1)
    assert forecast(0.3).interval_score == pytest.approx(0.2 + 10 * 0.1)


def test_the_log_score_is_the_density_of_the_normal_behind_the_interval():
    sd = 0.2 / (2 * 1.2816)
    assert forecast(0.5).log_score == pytest.approx(-math.log(sd * math.sqrt(2 * math.pi)))
    assert forecast(0.6).z == pytest.approx(1.2816)


def test_a_point_is_scored_as_an_interval_of_the_noise_and_never_gets_an_infinite_score():
    sharp = forecast(0.5, low=0.5, high=0.5, floor=0.02)
    assert sharp.log_score == pytest.approx(forecast(0.5, 0.5 - 0.02 * 1.2816, 0.5 + 0.02 * 1.2816).log_score)
    assert math.isfinite(forecast(0.5, low=0.5, high=0.5).log_score)


@pytest.mark.parametrize(
    ("state", "status"),
    [("FAILED", "failed"), ("TIMEOUT", "failed"), ("LOST", "failed"), ("CANCELLED", "void"), ("RUNNING", "open")],
)
def test_a_trial_without_a_value_is_failed_void_or_open(state, status):
    assert forecast(None, state=TrialState(state)).status == status


def test_a_failed_trial_counts_as_missed_and_an_open_one_not_at_all():
    found = calibration([forecast(0.5), forecast(None, state=TrialState.FAILED), forecast(None)])
    assert (found.judged, found.held, found.failed, found.open, found.coverage) == (2, 1, 1, 1, 0.5)


def test_the_verdict_waits_until_the_coverage_leaves_its_promise():
    assert calibration([forecast(0.9)] * 4).verdict == ""
    assert calibration([forecast(0.9)] * 20).verdict == "too narrow, widen them"
    assert calibration([forecast(0.5)] * 40).verdict == "too wide, narrow them"
    assert calibration([forecast(0.5)] * 16 + [forecast(0.9)] * 4).verdict == ""
    assert "too narrow" in summary(calibration([forecast(0.9)] * 20))


class Forecaster(RulesProposer):
    reads_notes = True

    def __init__(self):
        self.told = []

    def propose(self, context):
        self.told.append(context.predictions)
        prediction = Prediction(0.0, 1.0, "somewhere | between", "outside")
        return [replace(p, prediction=prediction) for p in super().propose(context)]


def test_the_ledger_survives_the_log_and_the_forecaster_reads_its_own_record(tmp_path):
    def task(one):
        return Outcome(TrialState.FAILED, error=TrialError("E", "")) if one.number == 2 else bowl(one)

    wanted, reader = settings(n_trials=5), Forecaster()
    run_study(Study(tmp_path, wanted, make_policy("puct_rank", None), reader, argv=["t"]), task)
    again = Study(tmp_path, wanted, make_policy("puct_rank", None), reader, argv=["t"])
    found = predictions.forecasts(again.state)
    assert [f.status for f in found] == ["held", "held", "failed", "held", "held"]
    assert reader.told[0] == ""
    assert reader.told[-1].startswith("3 of 4 results inside the predicted interval (75 %")
    results.write_memory(tmp_path, again.state, wanted)
    text = (tmp_path / "hypotheses.md").read_text()
    assert "| all | 5 | 4 | 80 % |" in text
    assert "somewhere \\| between" in text


def test_near_a_ceiling_a_narrow_interval_is_scored_by_the_noise_there_and_not_by_that_of_bad_runs(tmp_path):
    def task(one):
        noise = {1: 1.2, 3: 1.1}.get(one.number, 1.0)
        return {"R2": 1.0 - noise * (2.0 if one.values["depth"] == 2 else 0.001)}

    class Sure(RulesProposer):
        def propose(self, context):
            depth = 2 if context.next_number < 2 else 9
            proposals = super().propose(context)
            values = {**SPACE.baseline(), "depth": depth}
            parent = context.tree.find(values).id if context.tree.find(values) else None
            sharp = Prediction(0.9988, 0.9992, "as good as ever", "below 0.99")
            moved = {"values": values, "parent": parent, "changes": (), "prediction": sharp}
            return [replace(p, **moved) for p in proposals]

    scores = {}
    for ceiling in (None, 1.0):
        folder = tmp_path / str(ceiling)
        folder.mkdir()
        wanted = settings(n_trials=4, seed_keys=("seed",), ceiling=ceiling)
        study = Study(folder, wanted, make_policy("puct_rank", None), Sure(), argv=["t"])
        run_study(study, task)
        scores[ceiling] = [f.log_score for f in predictions.forecasts(study.state)]
    assert scores[1.0][2] > 5.0, "0.999 within 0.9988..0.9992 is worth what the interval is narrow"
    assert scores[None][2] < 2.0, "the noise of 0.2 between bad runs had drowned it"


def test_logs_of_older_programs_without_predictions_still_open(tmp_path):
    study = Study(tmp_path, settings(n_trials=3), make_policy("puct_rank", None), RulesProposer(), argv=["t"])
    run_study(study)
    path = tmp_path / EVENTS_NAME
    old = path.read_text().replace(', "prediction": null, "principle": ""', "")
    assert "prediction" not in old
    path.write_text(old)
    again = Study(tmp_path, settings(n_trials=4), make_policy("puct_rank", None), RulesProposer(), argv=["t"])
    assert predictions.forecasts(again.state) == []
    assert len(run_study(again)) == 4
    assert SPACE.names == again.settings.space.names
