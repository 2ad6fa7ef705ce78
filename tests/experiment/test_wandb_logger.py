import logging

import pytest

pytest.importorskip("wandb", reason="the science extra is not installed")

from hydra_llm.experiment.wandb_logger import has_login, wandb_logger


@pytest.fixture
def _nobody(monkeypatch, tmp_path):
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def make(tmp_path, mode="auto"):
    return wandb_logger(project="p", entity=None, group=None, tags=[], mode=mode, save_dir=str(tmp_path))


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
    assert not make(tmp_path)._offline


@pytest.mark.usefixtures("_nobody")
def test_the_environment_wins_over_the_configuration(monkeypatch, tmp_path):
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert make(tmp_path, mode="online")._offline


@pytest.mark.usefixtures("_nobody")
def test_an_unknown_mode_is_a_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"logger.wandb.mode=maybe is unknown|logger.wandb.mode='maybe' is unknown"):
        make(tmp_path, mode="maybe")


@pytest.mark.usefixtures("_nobody")
def test_runs_in_one_process_do_not_mix(run_tiny, tmp_path, monkeypatch):
    """Two jobs of the basic launcher: two offline runs, none left open."""
    import wandb

    for folder in ("a", "b"):
        run_tiny("logger=default", f"logger.wandb.save_dir={tmp_path}/{folder}", "~logger.csv", folder=folder)
        assert wandb.run is None
        assert len(list((tmp_path / folder / "wandb").glob("offline-run-*"))) == 1
