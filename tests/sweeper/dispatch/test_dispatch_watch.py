"""Jobs that left the queue without a result; submitit's files are real, the scheduler is a function."""

import pytest

from hydra_llm.atomic_write import write_json
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.trial import TrialState
from hydra_llm.sweeper.dispatch.base import Launch
from hydra_llm.sweeper.dispatch.reader import Reader
from hydra_llm.sweeper.dispatch.slurm import JobState
from hydra_llm.sweeper.dispatch.watch import SchedulerWatch

utils = pytest.importorskip("submitit.core.utils", reason="submitit is not installed")


@pytest.fixture
def watch(tmp_path):
    """watch(job_state, ...) with one submitted job, number 0."""
    folder = tmp_path / ".submitit" / "7"
    folder.mkdir(parents=True)
    utils.DelayedSubmission(print, ["x=1"], "hydra.sweep.dir", 0, "id", {}).dump(folder / "7_submitted.pkl")

    def make(fates, patience_s=0.0):
        answers = iter(fates)
        return SchedulerWatch(
            Reader(Objective("m"), tmp_path), lambda _: next(answers), interval_s=0.0, patience_s=patience_s
        )

    return make


def looks(watch, n, job=None):
    """Outcomes of n rounds."""
    return [watch.look([job or Launch(0, 0, [])]) for _ in range(n)]


@pytest.mark.parametrize(
    ("job_state", "state"), [(JobState.ENDED, TrialState.LOST), (JobState.CANCELLED, TrialState.CANCELLED)]
)
def test_a_job_without_a_result_that_stays_away_is_given_up(watch, job_state, state):
    first, second = looks(watch([job_state, job_state]), 2)
    outcome = {**first, **second}[0]
    assert outcome.state is state
    assert "job 7" in str(outcome.error)


def test_a_job_that_is_requeued_meanwhile_is_waited_for(watch):
    patient = watch([JobState.ENDED, JobState.IN_QUEUE, JobState.ENDED], patience_s=3600.0)
    assert looks(patient, 3) == [{}, {}, {}]


def test_silence_of_the_scheduler_is_no_end(watch):
    assert looks(watch([JobState.UNKNOWN] * 3), 3) == [{}, {}, {}]


def test_a_job_that_was_not_submitted_yet_is_not_asked_for(watch):
    assert looks(watch([]), 2, Launch(5, 0, [])) == [{}, {}]


def test_what_the_job_wrote_down_counts(watch, tmp_path):
    (tmp_path / "0").mkdir()
    write_json(tmp_path / "0" / "result.json", {"number": 0, "status": "COMPLETED", "result": {"m": 2.0}})
    (outcome,) = (o[0] for o in looks(watch([JobState.ENDED] * 2), 1) if o)
    assert outcome.value == 2.0
