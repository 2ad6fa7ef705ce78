"""A network, a phase and a LightningModule of the user's own: a line of configuration each, and no change of ours."""

import json

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.errors import ExperimentError  # noqa: E402

HERE = "tests.experiment.user_parts"
PHASE = f"{{_target_: {HERE}.LeastSquares, ridge: 1e-9}}"
QUICK = ("training.max_steps=4", "training.projection_iterations=0")


@pytest.fixture
def with_own(run_tiny, tmp_path):
    """run_tiny, with conf/model/<name>.yaml of a user's folder: with_own({name: keys}, *overrides)."""

    def make(models, *overrides, **options):
        folder = tmp_path / "conf" / "model"
        folder.mkdir(parents=True, exist_ok=True)
        for name, keys in models.items():
            (folder / f"{name}.yaml").write_text(json.dumps(keys))
        return run_tiny(*overrides, f"hydra.searchpath=[file://{tmp_path}/conf]", **options)

    return make


LINEAR = {"linear": {"_target_": f"{HERE}.Leaky", "start": 0.0}}


def test_a_network_and_a_phase_of_the_user_run_in_a_family_and_are_scored_on_held_out_trajectories(
    with_own, tmp_path, caplog
):
    with caplog.at_level("INFO"):
        metrics = with_own(LINEAR, "model=linear", f"training.phases=[{PHASE}]")
    assert {"onestep_R2", "val_R2", "test_pearson", "oracle_connectivity_R2", "final_loss"} <= set(metrics)
    assert not any(name.startswith("connectivity") for name in metrics)
    assert "Not reported: connectivity and types" in caplog.text
    assert metrics["n_parameters"] == 400
    fitted = torch.load(tmp_path / "run" / "checkpoints" / "best.ckpt", weights_only=True)["state_dict"]["net.A"]
    assert (fitted != 0).all()  # it starts at 0: the phase was run


def test_the_same_network_and_phase_run_in_another_family(with_own, caplog):
    with caplog.at_level("INFO"):
        sizes = dict.fromkeys(("hidden_dim_sub", "hidden_dim_node"), 0)  # which the fixture sets
        models = {"linear": {**LINEAR["linear"], **sizes}}
        metrics = with_own(models, "simulation=metabolism_small", "model=linear", f"training.phases=[{PHASE}]")
    assert {"onestep_R2", "test_R2", "oracle_rate_constants_R2"} <= set(metrics)
    assert "Not reported: rate constants" in caplog.text


def test_the_figures_of_a_network_of_the_user_are_those_that_need_no_parameters(with_own, tmp_path):
    with_own(LINEAR, "model=linear", f"training.phases=[{PHASE}]", "callbacks.figures=true")
    drawn = {path.stem for path in (tmp_path / "run" / "figures").iterdir()}
    assert {"activity", "spectrum", "rollout_test"} <= drawn
    assert not drawn & {"weights", "functions", "eigenvalues"}


def test_phases_of_the_family_may_stand_in_the_list_beside_those_of_the_user(run_tiny):
    ours = "{_target_: hydra_llm.families.signal.fitting.adam.GradientPhase.of}"
    listed = run_tiny(*QUICK, f"training.phases=[{ours}]", folder="a")
    recipe = run_tiny(*QUICK, folder="b")
    assert listed["connectivity_R2"] == recipe["connectivity_R2"]
    both = run_tiny(*QUICK, f"training.phases=[{ours},{PHASE}]", folder="c")
    assert both["connectivity_R2"] == recipe["connectivity_R2"]  # the user's phase leaves this network alone


def test_a_module_of_the_user_logs_what_it_wants(run_tiny, tmp_path):
    plain = run_tiny(*QUICK, folder="a")
    own = run_tiny(*QUICK, f"training.module._target_={HERE}.Counting", folder="b")
    assert own["connectivity_R2"] == plain["connectivity_R2"]
    state = torch.load(tmp_path / "b" / "checkpoints" / "best.ckpt", weights_only=True)
    assert "val_frames" in str(state["callbacks"])


def test_a_module_may_train_as_lightning_does_for_as_many_epochs_as_it_says(run_tiny, tmp_path):
    metrics = run_tiny(*QUICK, f"training.module._target_={HERE}.Whole", "trainer.gradient_clip_val=1.0")
    assert "connectivity_R2" in metrics
    state = torch.load(tmp_path / "run" / "checkpoints" / "best.ckpt", weights_only=True)
    assert state["epoch"] <= 2


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ((f"model._target_={HERE}.Nothing",), r"model._target_=.*Nothing cannot be used"),
        ((f"model._target_={HERE}.narrow",), r"model._target_=.*narrow must take n_neurons, input_mode.* as keywords"),
        ((f"training.module._target_={HERE}.phaseless",), r"must build a LightningModule with n_intervals.*SignalGNN"),
        (("training.phases=[{ridge: 1}]",), r"training.phases\[0\] must name what it builds"),
    ],
)
def test_what_cannot_be_used_is_a_sentence(run_tiny, overrides, sentence):
    with pytest.raises(ExperimentError, match=sentence):
        run_tiny(*QUICK, *overrides)
