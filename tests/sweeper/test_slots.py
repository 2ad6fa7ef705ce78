import pytest

from hydra_llm.sweeper import slots
from hydra_llm.sweeper.errors import SweepError


def options(n_parallel="auto", n_trials=24, gpu_slots=None):
    return {"n_parallel": n_parallel, "n_trials": n_trials, "gpu_slots": gpu_slots}


@pytest.fixture(autouse=True)
def _eight_cores(monkeypatch):
    monkeypatch.setattr(slots, "usable_cores", lambda: 8)


@pytest.mark.parametrize(("n_trials", "expected"), [(100, 8), (24, 6), (12, 3), (3, 1)])
def test_auto_takes_the_cores_and_leaves_four_rounds(n_trials, expected):
    assert slots.n_slots(options(n_trials=n_trials), "basic") == expected
    assert slots.n_slots(options(n_trials=n_trials), "joblib") == expected


def test_a_number_stays_and_devices_come_before_cores():
    assert slots.n_slots(options(n_parallel=20, n_trials=4), "submitit") == 20
    assert slots.n_slots(options(gpu_slots=[0, 1]), "basic") == 2


def test_auto_is_refused_where_jobs_run_elsewhere():
    with pytest.raises(SweepError, match=r"launcher submitit may run jobs elsewhere\. Set hydra\.sweeper\.n_parallel"):
        slots.n_slots(options(), "submitit")
