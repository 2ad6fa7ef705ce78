"""What SLURM's clients say of a job; the clients are scripts."""

import pytest

from hydra_llm.sweeper.dispatch import slurm
from hydra_llm.sweeper.dispatch.slurm import JobState

AWAY = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)"
NO_JOB = "slurm_load_jobs error: Invalid job id specified"


@pytest.fixture
def clients(tmp_path, monkeypatch):
    """clients(squeue=("RUNNING", ""), ...): what each prints and complains about."""

    def make(**answers):
        for name, (says, complains) in answers.items():
            code = 1 if complains else 0
            script = f"#!/bin/sh\n[ -n '{says}' ] && echo '{says}'\n[ -n '{complains}' ] && echo '{complains}' >&2\n"
            (tmp_path / name).write_text(f"{script}exit {code}\n")
            (tmp_path / name).chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))  # no client of this machine

    return make


@pytest.mark.parametrize(
    ("squeue", "scontrol", "sacct", "expected"),
    [
        (("RUNNING", ""), ("", NO_JOB), ("", ""), JobState.IN_QUEUE),
        (("", ""), ("JobId=7 JobState=PENDING Reason=BeginTime", ""), ("", ""), JobState.IN_QUEUE),
        (("", ""), ("JobId=7 JobState=FAILED Reason=x", ""), ("", ""), JobState.ENDED),
        (("", ""), ("JobId=7 JobState=CANCELLED Reason=x", ""), ("", ""), JobState.CANCELLED),
        (("", NO_JOB), ("", NO_JOB), ("CANCELLED by 1000", ""), JobState.CANCELLED),
        (("", NO_JOB), ("", NO_JOB), ("COMPLETED", ""), JobState.ENDED),
        (("", NO_JOB), ("", NO_JOB), ("", ""), JobState.ENDED),
        (("", AWAY), ("", AWAY), ("", "no database"), JobState.UNKNOWN),
        (("", AWAY), ("", AWAY), ("RUNNING", ""), JobState.IN_QUEUE),
    ],
)
def test_the_state_of_a_job_is_what_the_first_client_that_knows_it_says(clients, squeue, scontrol, sacct, expected):
    clients(squeue=squeue, scontrol=scontrol, sacct=sacct)
    assert slurm.job_state("7") is expected


def test_without_any_client_nobody_knows(clients):
    clients()
    assert slurm.job_state("7") is JobState.UNKNOWN


def test_accounting_is_there_when_sacct_answers(clients):
    clients(sacct=("", ""))
    assert slurm.has_accounting()
    clients(sacct=("", "Slurm accounting storage is disabled"))
    assert not slurm.has_accounting()


def test_a_controller_that_is_away_differs_from_a_refusal():
    assert slurm.is_unreachable(f"sbatch: error: {AWAY}")
    assert not slurm.is_unreachable("sbatch: error: invalid partition specified: gpux")
