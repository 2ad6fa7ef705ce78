"""Whole sweeps whose proposer has nothing more to ask for: what runs is waited for, and the results are written."""

from toy_sweeps import events, sweep, told

UNCONFIRMED = ("hydra.sweeper.confirm={n_seeds: 0}",)
THREE = ("x=0.5", "model=plain", "n=choice(1,2,3)", *UNCONFIRMED, "~search.seed_keys")
SLOTS = ("hydra.sweeper.n_trials=9", "hydra.sweeper.n_parallel=2")


def test_a_used_up_space_ends_with_results_and_kills_no_job(tmp_path):
    text = sweep(tmp_path, *THREE, *SLOTS, "sleep=0.5")
    assert "Sweep over: every configuration was run. Trials: 3 COMPLETED." in text
    assert [state for _, state, _ in told(tmp_path)] == ["COMPLETED"] * 3
    assert {"report.html", "optimization_results.yaml"} <= {path.name for path in (tmp_path / "sweep").iterdir()}
    assert "every configuration was run" in sweep(tmp_path, *THREE, *SLOTS, "sleep=0.5"), "as often as it is typed"


def test_an_option_that_does_not_exist_is_refused_before_the_first_trial(tmp_path):
    text = sweep(tmp_path, "x=0.5", "n=1", "model=choice(plain,zzz)", *UNCONFIRMED, *SLOTS, expect=1)
    assert "model is swept over zzz, which the config group model does not have. Its options: fancy, plain." in text
    assert "Traceback" not in text
    assert not (tmp_path / "runs.txt").exists()


def test_a_proposer_that_demands_a_stop_kills_no_job_and_ends_with_its_sentence(tmp_path):
    """Each job takes longer than the one before it, so that one runs whenever another has ended."""
    silent = (
        "hydra/sweeper/llm=scripted",
        "hydra.sweeper.llm.script=[nothing]",
        "hydra.sweeper.llm.on_llm_failure=stop",
    )
    later = ("hydra.sweeper.proposer=llm", "+search.start=baselines", "sleep=${hydra:job.num}")
    text = sweep(tmp_path, *SLOTS, *UNCONFIRMED, *silent, *later, expect=1)
    assert "on_llm_failure is stop" in text
    assert "Traceback" not in text
    launched = [number for event in events(tmp_path, "launched") for number in event["numbers"]]
    assert [(n, state) for n, state, _ in told(tmp_path)] == [(n, "COMPLETED") for n in sorted(launched)]
    assert len(launched) % 2 == 0, "one of two ran when the model was asked"
    assert {"report.html", "optimization_results.yaml"} <= {path.name for path in (tmp_path / "sweep").iterdir()}
