"""The figure of the ledger is drawn from judged predictions, and from nothing else."""

import random
from dataclasses import replace

from hydra_llm.report.calibration_figure import draw_calibration
from hydra_llm.search.proposers.rules.proposer import RulesProposer
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.settings import Settings
from hydra_llm.search.space.space import Float, Space
from hydra_llm.search.study import Study
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import Outcome
from hydra_llm.search.trial.trial import Prediction, TrialState

SPACE = Space((Float(name="x", low=0.0, high=1.0, default=0.5),))
SETTINGS = Settings(SPACE, Objective("R2"), n_trials=30, n_parallel=1, seed=0)


class Forecaster(RulesProposer):
    """The rules, with an interval of this half width around x; None: without a word."""

    def __init__(self, half):
        self.half = half

    def propose(self, context):
        found = super().propose(context)
        if self.half is None:
            return found
        return [replace(p, prediction=Prediction(p.values["x"] - self.half, p.values["x"] + self.half)) for p in found]


def swept(folder, half):
    rng = random.Random(0)
    study = Study(folder, SETTINGS, make_policy("puct_rank", None), Forecaster(half), argv=["t"])
    while not study.is_over:
        for trial in study.launched(study.ask(1)):
            study.tell(trial.number, Outcome(TrialState.COMPLETED, value=trial.values["x"] + rng.gauss(0, 0.05)))
    return study


def test_a_ledger_with_results_gives_a_picture(tmp_path):
    path = tmp_path / "figures" / "calibration.png"
    assert draw_calibration(path, swept(tmp_path, 0.03).state, SETTINGS)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [p.name for p in path.parent.iterdir()] == ["calibration.png"]


def test_without_predictions_there_is_none(tmp_path):
    path = tmp_path / "calibration.png"
    assert not draw_calibration(path, swept(tmp_path, None).state, SETTINGS)
    assert not path.exists()
