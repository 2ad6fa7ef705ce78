import json
import logging

import pytest

pytest.importorskip("wandb", reason="the science extra is not installed")

from tests.wandb_reader import read_offline_run

from hydra_llm import job
from hydra_llm.experiment.wandb_logger import describe, summarise, tracked, wandb_logger
from hydra_llm.wandb_mode import has_login


@pytest.fixture
def _nobody(monkeypatch, tmp_path):
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def make(tmp_path, mode="auto", **more):
    return wandb_logger(project="p", entity=None, group=None, tags=[], mode=mode, save_dir=str(tmp_path), **more)


@pytest.mark.usefixtures("_nobody")
def test_without_a_login_it_is_offline_and_says_so_in_one_line(tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        logger = make(tmp_path)
    assert logger._offline
    assert [r.message for r in caplog.records if "offline" in r.message] == [
        f"No W&B login found: logging offline to {tmp_path}/wandb; `wandb sync` uploads it later."
    ]


@pytest.mark.usefixtures("_nobody")
def test_a_key_in_the_environment_or_the_netrc_file_is_a_login(monkeypatch, tmp_path):
    assert not has_login()
    (tmp_path / "netrc").write_text("machine api.wandb.ai login user password nothing\n")
    assert has_login()
    (tmp_path / "netrc").write_text("")
    monkeypatch.setenv("WANDB_API_KEY", "x" * 40)
    assert has_login()


@pytest.mark.usefixtures("_nobody")
def test_a_server_that_does_not_answer_costs_the_upload_and_not_the_run(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("WANDB_API_KEY", "x" * 40)
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    logger = make(tmp_path, init_timeout_s=1.0)
    assert logger._offline
    assert "logging offline" in caplog.text


@pytest.mark.usefixtures("_nobody")
def test_the_environment_wins_over_the_configuration(monkeypatch, tmp_path):
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert make(tmp_path, mode="online")._offline


@pytest.mark.usefixtures("_nobody")
def test_an_unknown_mode_is_a_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"logger.wandb.mode must be one of auto, online, offline, got 'maybe'"):
        make(tmp_path, mode="maybe")


@pytest.mark.usefixtures("_nobody")
def test_runs_in_one_process_do_not_mix(run_tiny, tmp_path, monkeypatch):
    """Two jobs of the basic launcher: two offline runs, none left open."""
    import wandb

    for folder in ("a", "b"):
        run_tiny("logger=default", f"logger.wandb.save_dir={tmp_path}/{folder}", "~logger.csv", folder=folder)
        assert wandb.run is None
        assert len(list((tmp_path / folder / "wandb").glob("offline-run-*"))) == 1


@pytest.fixture
def _trial(tmp_path):
    """This process is job 7 of a sweep."""
    folder = tmp_path / "sweep" / "7"
    folder.mkdir(parents=True)
    (tmp_path / "sweep" / job.TRIALS_NAME).mkdir()
    lineage = {
        "sweep": "mine",
        "block": 2,
        "trial": 7,
        "attempt": 1,
        "parent": 3,
        "mutation": "lr: 1 -> 2",
        "role": "exploit",
        "proposer": "rules (llm failed: no answer)",
        "configuration_id": "abc",
        "purpose": "search",
        "metric": "score",
        "baseline": 0.5,
        "seeds": {"seed": 4},
    }
    (tmp_path / "sweep" / job.TRIALS_NAME / "7.json").write_text(json.dumps(lineage))
    job.open_job(folder, 7, tmp_path / "sweep" / job.LIMITS_NAME, 0.0)
    yield
    job.close_job()


@pytest.mark.usefixtures("_nobody", "_trial")
def test_in_a_sweep_a_run_says_which_trial_it_is(tmp_path):
    logger = wandb_logger(
        project="p", entity=None, group=None, tags=["signal_chaotic"], mode="offline", save_dir=str(tmp_path)
    )
    logger.log_metrics({"score": 0.75, "test_R2": 0.5})
    with tracked([logger]):
        describe([logger], regime="signal_chaotic", block=2)
        summarise([logger], {"score": 0.75, "test_R2": 0.5}, "oracle derivative")
    run = read_offline_run(tmp_path / "wandb")
    assert (run.group, run.job_type, run.name) == ("mine", "block 2", "trial 7")
    assert run.tags == ["signal_chaotic", "role:exploit", "proposer:rules"]
    assert run.config["trial"]["parent"] == 3
    assert run.config["trial"]["mutation"] == "lr: 1 -> 2"
    assert run.config["trial"]["configuration_id"] == "abc"
    keys = {name: run.config[name] for name in ("regime", "block", "target")}  # to group by
    assert keys == {"regime": "signal_chaotic", "block": 2, "target": "oracle derivative"}
    assert run.exit_code == 0
    assert run.summary["selected/score"] == 0.75
    assert run.summary["selected/minus_baseline"] == 0.25
    assert run.summary["test/R2"] == 0.5


@pytest.mark.usefixtures("_nobody", "_trial")
def test_a_requeued_job_continues_its_own_run(tmp_path):
    def id_of(logger):
        name = logger.experiment.id
        with tracked([logger]):
            pass
        return name

    assert id_of(make(tmp_path / "a", "offline")) == id_of(make(tmp_path / "b", "offline"))


@pytest.mark.usefixtures("_nobody")
@pytest.mark.parametrize(
    ("error", "code"), [(RuntimeError("no memory"), 1), (KeyboardInterrupt(), 1), (job.Stopped(), 0)]
)
def test_a_run_that_an_error_ends_has_failed_and_one_that_its_sweep_stopped_has_not(tmp_path, error, code):
    logger = make(tmp_path, "offline")
    logger.log_metrics({"score": 0.5})
    with pytest.raises(type(error)), tracked([logger]):
        raise error
    run = read_offline_run(tmp_path / "wandb")
    assert run.exit_code == code
    assert run.summary.get("error") == (f"{type(error).__name__}: {error}" if code else None)


@pytest.mark.usefixtures("_nobody")
def test_a_fit_that_failed_is_a_failed_run(run_tiny, tmp_path):
    with pytest.raises(Exception, match="must beat"):
        run_tiny(
            *("logger=default", f"logger.wandb.save_dir={tmp_path}", "~logger.csv", "training.retries=0"),
            *("training.max_steps=1", "training.projection_iterations=0", "training.must_beat=[constant]"),
            folder="failing",
        )
    run = read_offline_run(tmp_path / "wandb")
    assert run.exit_code == 1
    assert run.summary["error"].startswith("FitFailed: The fit failed")
    assert (run.name, run.config["family"]) == ("signal_chaotic, seed 0", "signal")
