import json
import re
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from truth_blind import assert_blind_to_truth  # noqa: E402

from hydra_llm.data.store import DatasetStore  # noqa: E402
from hydra_llm.families.errors import ExperimentError  # noqa: E402
from hydra_llm.families.signal.fit import build_net, fit  # noqa: E402


def test_a_run_returns_what_metrics_json_holds_and_names_the_oracle_beside_the_score(run_tiny, tmp_path):
    metrics = run_tiny()
    assert json.loads((tmp_path / "run" / "metrics.json").read_text()) == metrics
    assert {"connectivity_R2", "oracle_connectivity_R2", "oracle_rank", "test_R2", "onestep_R2"} <= set(metrics)
    assert all(isinstance(value, float) for value in metrics.values())
    assert metrics["target_is_oracle_derivative"] == 0
    log = (tmp_path / "run" / "analysis.log").read_text()
    assert log.startswith("target: recording by ")
    for published in ("connectivity_R2", "test_R2", "effective_rank", "loss"):
        assert f"\n{published}: " in f"\n{log}"


def test_a_result_of_the_oracle_derivative_says_so(run_tiny, tmp_path):
    assert run_tiny("training.target=drift")["target_is_oracle_derivative"] == 1
    assert (tmp_path / "run" / "analysis.log").read_text().startswith("target: oracle derivative\n")


def test_the_same_seed_gives_the_same_numbers(run_tiny):
    first, second = run_tiny(folder="a"), run_tiny(folder="b")
    for timed in ("training_time_min",):
        first.pop(timed), second.pop(timed)
    assert first == second


def test_return_metric_gives_one_float_and_lists_the_names_when_it_is_wrong(run_tiny):
    assert isinstance(run_tiny("return_metric=connectivity_R2"), float)
    with pytest.raises(
        ExperimentError, match=r"return_metric must be one of the metrics.*got conectivity\..*connectivity_R2"
    ):
        run_tiny("return_metric=conectivity")


@pytest.mark.parametrize("types", [(), ("simulation.n_neuron_types=2", "model=signal_gnn_types")])
def test_training_with_the_truth_deleted_gives_bit_identical_weights(run_tiny, compose_config, tmp_path, types):
    from tests.experiment.conftest import TINY

    keys = ("training.target=finite_difference", *types)
    run_tiny(*keys)
    (dataset,) = (p for p in (tmp_path / "datasets").iterdir() if not p.name.startswith("."))
    cfg = compose_config(*TINY, *keys)

    assert_blind_to_truth(fit, dataset, cfg, tmp_path)


@pytest.mark.parametrize("training_seed", [0, 1])
def test_an_untrained_network_knows_nothing_of_the_truth(compose_config, make_signal_system, training_seed):
    """Equal seeds too: initialisation and connectivity draw from streams of their own."""
    from hydra_llm.metrics.connectivity import connectivity_metrics

    cfg = compose_config(f"training.seed={training_seed}", "model.W_init_scale=7.0")
    system = make_signal_system(n_neurons=100, seed=0, dtype="float64")

    meta = {"n_neurons": 100, "external_input_mode": "none", "dtype": "float64"}
    net = build_net(cfg.model, training_seed, SimpleNamespace(meta=meta), None)
    scores = connectivity_metrics(
        net.connectivity().detach(), system.field().effective_connectivity, identifiable=None, prefix="connectivity"
    )
    assert scores["connectivity_R2_pearson2"] < 0.01
    assert scores["connectivity_R2"] < 0.1


def test_a_checkpoint_is_the_best_on_validation_and_not_the_last(run_tiny, tmp_path):
    metrics = run_tiny("training.learning_rate_start=0.3", "training.projection_iterations=0", "training.max_steps=60")
    assert metrics["best_val_loss"] <= metrics["final_loss"]
    state = torch.load(tmp_path / "run" / "checkpoints" / "best.ckpt", weights_only=True)
    assert state["callbacks"]


def test_a_second_run_shares_the_dataset(run_tiny, tmp_path):
    run_tiny(folder="a")
    run_tiny("training.seed=5", folder="b")
    assert len([p for p in (tmp_path / "datasets").iterdir() if not p.name.startswith(".")]) == 1


def test_a_damaged_dataset_is_simulated_again(run_tiny, tmp_path):
    before = run_tiny(folder="a")
    (dataset,) = (p for p in (tmp_path / "datasets").iterdir() if not p.name.startswith("."))
    (dataset / "observations" / "train" / "activity.npy").write_bytes(b"half")
    after = run_tiny(folder="b")
    assert before["connectivity_R2"] == after["connectivity_R2"]


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("simulation.delta_t=-0.01", r"simulation.delta_t must be above 0 \(tau\), got -0.01"),
        (
            "simulation.connectivity_filling_factor=1.5",
            r"connectivity_filling_factor must be above 0 and at most 1, got 1.5",
        ),
        ("simulation.connectivity_filling_factor=0", r"filling_factor must be above 0 and at most 1, got 0.0"),
        ("simulation.phi=swish", r"simulation.phi must be one of tanh, relu, sigmoid, got 'swish'"),
        (
            "training.target=velocity",
            r"training.target must be one of auto, .*drift, got 'velocity'",
        ),
        ("training.batch_size=0", r"training.batch_size must be at least 1 \(frames\), got 0"),
        ("model.activation=swish", r"model.activation must be one of tanh, silu, gelu, relu, got 'swish'"),
    ],
)
def test_a_value_that_makes_no_sense_is_a_sentence(run_tiny, override, sentence):
    with pytest.raises(ValueError, match=sentence):
        run_tiny(override)


def test_a_rank_above_the_number_of_neurons_is_a_sentence(run_tiny):
    with pytest.raises(ValueError, match=r"connectivity_rank must be at most n_neurons \(20\), got 21"):
        run_tiny("simulation=signal_low_rank", "simulation.connectivity_rank=21", "simulation.n_neurons=20")


def test_a_diverging_simulation_names_the_frame_and_leaves_no_dataset(run_tiny, tmp_path):
    with pytest.raises(RuntimeError, match=r"diverged: .* at frame"):
        run_tiny("simulation.phi=relu", "simulation.gain=50")
    left = [p for p in (tmp_path / "datasets").iterdir() if p.name != ".locks"]
    assert left == []


def test_in_a_single_run_the_user_gets_the_sentence_without_a_traceback(run_tiny, caplog):
    with pytest.raises(SystemExit) as stop:
        run_tiny("simulation.delta_t=-1", mode="RUN")
    assert stop.value.code == 1
    assert "simulation.delta_t must be above 0 (tau), got -1.0" in caplog.text


def test_nothing_to_fit_with_is_refused(run_tiny):
    with pytest.raises(ValueError, match="There is nothing to fit with"):
        run_tiny("training.max_steps=0", "training.projection_iterations=0")


def test_the_store_finds_what_a_run_simulated(run_tiny, compose_config, tmp_path):
    from hydra.utils import instantiate
    from tests.experiment.conftest import TINY

    run_tiny()
    system = instantiate(compose_config(*TINY).simulation, _convert_="all")
    assert DatasetStore(tmp_path / "datasets").find(system) is not None


FLY = ("simulation=flyvis_scenes", "training.projection_iterations=0", "training.flow_rounds=3")
FLY_LINES = ["closed form), round 1 of 1", *(f"flow), round {number} of 3" for number in (1, 2, 3))]
SPLINES = ("training.spline_knots=12", "training.projection_iterations=0", "training.max_steps=0")
GRADIENT = ("training.projection_iterations=0", "training.max_steps=400")


def lines_of_the_fit(caplog):
    return [record.message for record in caplog.records if record.message.startswith("Fitting (")]


def test_without_a_terminal_every_round_of_the_fly_is_a_line_with_loss_and_minutes(run_tiny, tiny_connectome, caplog):
    with caplog.at_level("INFO"):
        run_tiny(*FLY, f"simulation.connectome={tiny_connectome}")
    lines = lines_of_the_fit(caplog)
    assert [line.partition(":")[0] for line in lines] == [f"Fitting ({words}" for words in FLY_LINES]
    assert all(re.search(r": validation loss [\d.e+-]+, \d+\.\d min so far\.$", line) for line in lines)


def test_without_a_terminal_gradient_training_has_a_line_for_every_tenth_of_its_steps(run_tiny, caplog):
    with caplog.at_level("INFO"):
        run_tiny(*GRADIENT)
    heads = [line.partition(":")[0] for line in lines_of_the_fit(caplog)]
    assert heads == [f"Fitting (gradient), step {step} of 400" for step in range(40, 401, 40)]


@pytest.mark.parametrize(
    ("progress", "terminal", "level", "n_lines"),
    [("auto", False, "INFO", 1), ("auto", True, "INFO", 0), ("off", False, "INFO", 0), ("auto", False, "WARNING", 0)],
)
def test_lines_appear_where_neither_a_bar_nor_a_setting_takes_their_place(
    run_tiny, caplog, monkeypatch, progress, terminal, level, n_lines
):
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    with caplog.at_level(level):
        run_tiny(*SPLINES, "training.refinements=0", f"trainer.progress={progress}")
    assert len(lines_of_the_fit(caplog)) == n_lines
