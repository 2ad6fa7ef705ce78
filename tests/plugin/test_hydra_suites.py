"""Hydra's own suites for launchers and sweepers, pointed at `mode: grid`."""

from typing import Any

import pytest
from hydra.core.utils import JobStatus
from hydra.test_utils.launcher_common_tests import BatchedSweeperTestSuite, IntegrationTestSuite, LauncherTestSuite

GRID = ["hydra/sweeper=llm_ucb", "hydra.sweeper.mode=grid", "hydra.job.chdir=True"]


@pytest.fixture
def overrides(request: pytest.FixtureRequest) -> list[str]:
    """A fresh list for every test, because the suites extend it in place."""
    return list(request.param)


@pytest.mark.parametrize(("launcher_name", "overrides"), [("basic", GRID)], indirect=["overrides"])
class TestLauncher(LauncherTestSuite):
    pass


@pytest.mark.parametrize(
    ("launcher_name", "overrides"), [("basic", [*GRID, "hydra.sweeper.max_batch_size=2"])], indirect=["overrides"]
)
class TestBatches(BatchedSweeperTestSuite):
    pass


@pytest.mark.parametrize(("task_launcher_cfg", "extra_flags"), [({}, ["-m", *GRID[:2]])], ids=["llm_ucb"])
class TestIntegration(IntegrationTestSuite):
    pass


def test_a_failing_job_of_a_grid_stops_nothing_and_keeps_its_exception(hydra_sweep_runner: Any, tmpdir: Any) -> None:
    def task(cfg: Any) -> float:
        if cfg.foo == 2:
            raise ValueError("boom")
        return float(cfg.foo)

    run = hydra_sweep_runner(
        calling_file=None,
        calling_module="hydra.test_utils.a_module",
        task_function=task,
        config_path="configs",
        config_name="compose.yaml",
        overrides=[*GRID, "foo=1,2,3"],
        temp_dir=tmpdir,
    )
    with run:
        ((first, second, third),) = run.returns
        assert [job.status for job in (first, second, third)] == [
            JobStatus.COMPLETED,
            JobStatus.FAILED,
            JobStatus.COMPLETED,
        ]
        assert (first.return_value, third.return_value) == (1.0, 3.0)
        with pytest.raises(ValueError, match="boom"):
            second.return_value
