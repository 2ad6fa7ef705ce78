"""Phase 2 in a run: from phase 1 to slopes, without a label in sight."""

import logging
import shutil

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.fitting import FitContext  # noqa: E402
from hydra_llm.families.metabolism.config import HomeostasisTraining  # noqa: E402
from hydra_llm.families.metabolism.evaluation.homeostasis import verdict  # noqa: E402
from hydra_llm.families.metabolism.fit import build_net, fit  # noqa: E402
from hydra_llm.families.metabolism.homeostasis.lr_schedules import Constant, CosineRestarts, Kick, Ramp  # noqa: E402
from hydra_llm.families.metabolism.homeostasis.rollout_schedules import Fixed, LongToShort, MultiScale  # noqa: E402
from hydra_llm.families.metabolism.homeostasis.strategies import gradient_phase  # noqa: E402
from hydra_llm.families.metabolism.model.gnn import ReactionGNN  # noqa: E402
from hydra_llm.schema.fields import as_object  # noqa: E402
from hydra_llm.schema.target import TargetKeys  # noqa: E402
from hydra_llm.training.datamodule import RecordingDataModule  # noqa: E402

REGIME = "simulation=metabolism_homeostasis"
SHORT = (
    "training.homeostasis_iterations=40",
    "training.homeostasis_joint_iterations=5",
    "training.homeostasis_max_batches=12",
    "training.homeostasis_time_step=4",
)


def dataset_in(folder):
    (dataset,) = (path for path in (folder / "datasets").iterdir() if not path.name.startswith("."))
    return dataset


@pytest.fixture
def run(run_tiny):
    return lambda *overrides, **more: run_tiny(REGIME, *SHORT, *overrides, **more)


@pytest.fixture
def refit(compose_config, tmp_path):
    """refit(folder, *overrides) -> the fitted network, from the dataset that a run left in tmp_path."""
    from tests.experiment.conftest import tiny

    def make(folder, *overrides):
        cfg = compose_config(*tiny((REGIME,)), REGIME, *SHORT, *overrides)
        dataset = dataset_in(tmp_path)
        context = FitContext(tmp_path / folder, {"accelerator": "cpu", "enable_progress_bar": False})
        return fit(dataset, cfg.model, cfg.training, context).net

    return make


@pytest.mark.parametrize("k", ["profiled", pytest.param("joint", marks=pytest.mark.slow), "frozen"])
def test_a_run_scores_slopes_types_and_the_oracles_beside_them(run, k, caplog):
    with caplog.at_level(logging.INFO):
        metrics = run(f"training.k={k}")
    assert f"{verdict(metrics['avg_slope_ratio'])} by the published limits" in caplog.text
    for name in ("slope_ratio_0", "slope_ratio_1", "offset_ratio_0", "slope_score", "avg_slope_ratio"):
        assert name in metrics
        assert metrics[f"oracle_{name}"] == pytest.approx(1, abs=1e-3)
        assert abs(metrics[f"oracle_sequential_{name}"] - 1) > 1e-3
    assert 0.5 <= metrics["embedding_cluster_acc"] <= 1
    assert metrics["phase2_node_magnitude"] > 0
    assert metrics["phase2_loss"] >= 0
    assert metrics["MLP_node_gt_slope_1"] == pytest.approx(-0.002)


@pytest.mark.parametrize("k", ["profiled", "frozen"])
def test_phase_2_with_the_truth_deleted_gives_bit_identical_weights(run, refit, tmp_path, k):
    chosen = (f"training.k={k}", "training/strategy=[start,contrastive,multi_scale]")
    run(*chosen)
    with_truth = refit("with", *chosen).state_dict()
    dataset = dataset_in(tmp_path)
    shutil.rmtree(dataset / "truth")
    shutil.rmtree(tmp_path / "phase1")
    without = refit("without", *chosen).state_dict()
    assert with_truth.keys() == without.keys()
    assert all(torch.equal(with_truth[name], without[name]) for name in with_truth)


def test_frozen_phase_1_stays_bit_for_bit_and_a_moved_one_is_an_error(run, refit, monkeypatch):
    run("training.k=frozen", "training.skip_phase1=true")
    after = refit("again", "training.k=frozen", "training.skip_phase1=true")
    before = refit("phase1", "training.k=frozen", "training.skip_phase1=true", "training.homeostasis_max_batches=1")
    for name, tensor in before.state_dict().items():
        if name.split(".")[0] in ("log_k", "S", "substrate"):
            assert torch.equal(tensor, after.state_dict()[name]), name

    def touching(self, net):
        return torch.optim.SGD([{"params": [p], "lr": 0.1} for p in (net.node_func.net[-1].bias, net.log_k)])

    def run_touching(self, interval, net, frames, optimizer, step):
        with torch.no_grad():
            net.log_k.add_(1e-12)
        step(lambda: torch.zeros(()))
        return {"phase2_loss": 0.0}

    monkeypatch.setattr("hydra_llm.families.metabolism.homeostasis.gradient.HomeostasisPhase.optimizer", touching)
    monkeypatch.setattr("hydra_llm.families.metabolism.homeostasis.gradient.HomeostasisPhase.run", run_touching)
    with pytest.raises(RuntimeError, match="log_k"):
        refit("touched", "training.k=frozen", "training.skip_phase1=true")


@pytest.mark.slow
def test_phase_1_is_fitted_once_and_then_taken_from_the_store(run, tmp_path, caplog):
    run("training.skip_phase1=true", folder="first")
    (stored,) = (tmp_path / "phase1").iterdir()
    made = stored.stat().st_mtime_ns
    with caplog.at_level(logging.INFO):
        others = ("training.homeostasis_iterations=20", "training.batch_size=16", "training.data_augmentation_loop=50")
        run("training.skip_phase1=true", *others, folder="second")
    assert "Phase 1 from" in caplog.text
    assert stored.stat().st_mtime_ns == made
    run("training.skip_phase1=true", "training.k=frozen", folder="third")  # another phase 1: without lines
    assert len(list((tmp_path / "phase1").iterdir())) == 2


@pytest.mark.slow
def test_a_run_can_start_from_a_checkpoint_of_phase_1(run, tmp_path):
    run(folder="first")
    (stored,) = (tmp_path / "phase1").iterdir()
    assert "slope_score" in run(f"training.phase1_checkpoint={stored}", folder="second")


@pytest.mark.parametrize("what", ["missing", "broken", "another network"])
def test_a_checkpoint_that_does_not_fit_is_told_in_a_sentence(run, tmp_path, what):
    path = tmp_path / "phase1.pt"
    if what == "broken":
        path.write_text("no checkpoint")
    if what == "another network":
        torch.save({"log_k": torch.zeros(3)}, path)
    with pytest.raises(RuntimeError, match=r"phase1\.pt"):
        run(f"training.phase1_checkpoint={path}")


@pytest.mark.slow
def test_without_phase_2_there_are_slopes_of_the_lines_and_no_embedding(run):
    metrics = run("training.homeostasis_training=false", "training.linear_homeostasis=true")
    assert "slope_ratio_0" in metrics
    assert "embedding_cluster_acc" not in metrics


@pytest.mark.slow
def test_the_published_clustering_is_an_option(run):
    assert "embedding_n_clusters" in run("training.embedding_clustering=dbscan")


def test_a_biased_phase_1_is_warned_of_before_phase_2(run, caplog):
    run("training.k=frozen", "simulation.homeostatic_lambda_per_type=[0.02,0.05]")
    assert "standard error" in caplog.text
    assert "training.k=profiled" in caplog.text


# ---- strategies as the configuration names them ----


@pytest.fixture
def phase_of(run, tmp_path, compose_config):
    """phase_of(strategies) -> the gradient phase that a configuration builds."""
    run("training.homeostasis_training=false", "training.target=drift")
    dataset = dataset_in(tmp_path)
    data = RecordingDataModule(dataset, TargetKeys(target="drift"))

    def make(strategy):
        from tests.experiment.conftest import tiny

        cfg = compose_config(*tiny((REGIME,)), REGIME, "training.k=frozen", f"training/strategy={strategy}")
        from hydra_llm.data.observations import Observations

        training, frames = as_object(cfg.training, HomeostasisTraining), data.frames("train")
        net = build_net(cfg.model, training, Observations.open(dataset), frames.activity)
        assert isinstance(net, ReactionGNN)
        return gradient_phase(net, frames, training, data.delta_t)

    return make


def test_every_strategy_reaches_the_phase(phase_of):
    plain = phase_of("plain")
    assert [term.name for term in plain.terms] == ["rollout"]
    assert plain.lengths == Fixed(32)
    assert plain.schedule == Constant()
    assert plain.clip is None
    assert [term.name for term in phase_of("residual_supervision").terms] == ["residual"]
    assert phase_of("signal_amplification").amplification.start == 10
    assert [term.name for term in phase_of("contrastive").terms] == ["rollout", "contrastive"]
    assert phase_of("time_step_curriculum").lengths == LongToShort(32, (1.0, 0.5))
    assert phase_of("late_positions").terms[0].position_power == 2
    assert isinstance(phase_of("warmup_kick").schedule, Kick)
    assert isinstance(phase_of("warmup_cosine").schedule, CosineRestarts)
    assert isinstance(phase_of("warmup_ramp").schedule, Ramp)
    assert isinstance(phase_of("multi_scale").lengths, MultiScale)
    assert phase_of("gradient_accumulation").accumulation == 4
    assert phase_of("separate_losses").detach_reaction
    assert phase_of("offset_penalty").terms[1].coeff == 2
    assert phase_of("gradient_clipping").clip == 1
    together = phase_of("[residual_supervision,contrastive,warmup_cosine,gradient_accumulation]")
    assert [term.name for term in together.terms] == ["residual", "contrastive"]
    assert together.accumulation == 4
