"""The studies of the fly visual system search what the published protocols name: ranges, defaults, locks."""

import re

import pytest
from omegaconf import OmegaConf

pytest.importorskip("torch", reason="the science extra is not installed")

LANDSCAPE = {  # default, then the range
    "learning_rate_W_start": (1e-3, "1e-4, 1e-2"),
    "learning_rate_start": (5e-4, "1e-5, 1e-3"),
    "learning_rate_embedding_start": (1e-3, "1e-5, 1e-3"),
    "coeff_W_L1": (5e-5, "1e-6, 1e-3"),
    "coeff_edge_diff": (500, "0, 1000"),
    "coeff_edge_norm": (1, "0, 10"),
    "noise_model_level": (0.05, "0, 0.2"),
    "batch_size": (1, "1, 2, 4"),
    "data_augmentation_loop": (25, "10, 100"),
}
ALTERNATING = {
    "n_alternations": (4, [2, 4, 6, 8]),
    "alternate_vrest_ratio": (0.5, [0.3, 0.5, 0.7]),
    "alternate_lr_W": (6e-7, [0, 1e-7, 6e-7, 6e-6]),
    "alternate_lr_edge": (1.2e-6, [0, 1e-7, 1.2e-6, 1.2e-5]),
    "alternate_lr_update": (1.2e-6, [0, 1e-7, 1.2e-6, 1.2e-5]),
    "alternate_lr_embedding": (1.55e-6, [0, 1e-7, 1.55e-6, 1.55e-5]),
}


def numbers(grammar):
    return [float(number) for number in re.findall(r"(?<![\w.])-?\d[\d.]*(?:e-?\d+)?", grammar)]


def test_the_landscape_has_the_nine_published_parameters(compose_config):
    cfg = compose_config("simulation=flyvis_scenes", "search=flyvis_published")
    params = OmegaConf.to_container(cfg.search.params)
    assert set(params) == {f"training.{name}" for name in LANDSCAPE}
    for name, (default, declared) in LANDSCAPE.items():
        assert cfg.training[name] == default
        assert numbers(params[f"training.{name}"]) == numbers(declared)
    assert set(cfg.search.block_params) == {
        "simulation.visual_input_type",
        "simulation.n_frames",
        "simulation.delta_t",
    }
    assert numbers(cfg.search.block_params["simulation.delta_t"]) == [0.01, 0.05]
    assert cfg.search.instructions == "flyvis"
    assert "training.closed_form_interval=0" in cfg.search.trial_overrides  # its network has no closed form


def test_the_small_landscape_searches_the_same_but_the_length(compose_config):
    cfg = compose_config("simulation=flyvis_scenes")
    published = {f"training.{name}" for name in LANDSCAPE} - {"training.data_augmentation_loop"}
    without = {  # its network has no embedding, and its message begins as the identity and does not fall
        "training.learning_rate_embedding_start",
        "training.coeff_edge_diff",
    }
    assert cfg.model.embedding_dim == 0
    assert set(cfg.search.params) == {*published - without, "training.closed_form_interval"}
    assert "training.max_steps=1500" in cfg.search.trial_overrides
    assert cfg.training.closed_form_interval > 0  # without, the first trial of a recording fails


def test_the_alternating_study_moves_six_parameters_and_locks_the_rest(compose_config):
    cfg = compose_config("simulation=flyvis_scenes", "search=flyvis_alternating", "training=flyvis_alternating")
    params = OmegaConf.to_container(cfg.search.params)
    assert set(params) == {f"training.{name}" for name in ALTERNATING}
    for name, (default, choices) in ALTERNATING.items():
        assert cfg.training[name] == default
        assert numbers(params[f"training.{name}"]) == choices
    assert cfg.training.alternate_training
    active = ("learning_rate_W_start", "learning_rate_start", "learning_rate_embedding_start", "alternate_training")
    assert {f"training.{name}" for name in active} <= set(cfg.search.locked)
    assert {"simulation.n_frames", "simulation.delta_t"} <= set(cfg.search.locked)
    assert cfg.search.start == "baselines"
    assert cfg.search.fresh_seeds
    assert cfg.search.confirm.references.standard == ["training.alternate_training=false"]


def test_every_block_choice_of_the_small_landscape_composes(compose_config):
    for override in ("visual_input_type=optical_flow", "n_frames=4000", "delta_t=0.05"):
        compose_config("simulation=flyvis_scenes", f"simulation.{override}")
