"""Every option of conf/ composes, and brings what belongs to it."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

CONF = Path(__file__).parents[2] / "conf"
REGIMES = sorted(path.stem for path in (CONF / "simulation").glob("*.yaml"))
OPTIONS = sorted(
    (path.parent.name, path.stem) for path in CONF.glob("*/*.yaml") if path.parent.name not in ("simulation", "hydra")
)


@pytest.mark.parametrize("regime", REGIMES)
def test_a_regime_composes_with_everything_resolved(regime, compose_config):
    cfg = compose_config(f"simulation={regime}")
    for group in ("simulation", "model", "training", "trainer", "callbacks", "paths", "search"):  # a logger needs a run
        OmegaConf.to_container(cfg[group], resolve=True, throw_on_missing=True)


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_option_of_every_group_composes(group, option, compose_config):
    assert "training" in compose_config(f"{group}={option}")


@pytest.mark.parametrize("order", [0, 1])
def test_a_regime_brings_its_model_training_and_search_and_the_command_line_wins(order, compose_config):
    brought = compose_config("simulation=signal_types")
    assert brought.model.embedding_dim == 2
    assert brought.training.projection_nodes == 96
    assert "training.learning_rate_embedding_start" in brought.search.params
    overrides = ["simulation=signal_types", "model=signal_gnn"]
    chosen = compose_config(*(overrides if order == 0 else overrides[::-1]))
    assert chosen.model.embedding_dim == 0
    assert chosen.training.projection_nodes == 96


@pytest.mark.parametrize("regime", [regime for regime in REGIMES if regime.startswith("signal_")])
def test_a_regime_builds_a_system(regime, compose_config):
    pytest.importorskip("torch", reason="the science extra is not installed")
    from hydra.utils import instantiate

    cfg = compose_config(f"simulation={regime}", "simulation.n_neurons=40")
    assert instantiate(cfg.simulation, _convert_="all").n_units == 40


@pytest.mark.parametrize("regime", [regime for regime in REGIMES if regime.startswith("metabolism_")])
def test_a_regime_of_metabolism_builds_a_network_that_its_data_determine_unless_it_says_otherwise(
    regime, compose_config
):
    pytest.importorskip("torch", reason="the science extra is not installed")
    from hydra.utils import instantiate

    cfg = compose_config(f"simulation={regime}")
    network = instantiate(cfg.simulation, _convert_="all").network()
    assert (network.null_dimensions() == 0) == cfg.simulation.identifiable


@pytest.mark.parametrize("regime", [regime for regime in REGIMES if regime.startswith("flyvis_")])
def test_a_regime_of_the_fly_builds_an_eye(regime, compose_config, tiny_connectome, tmp_path):
    pytest.importorskip("torch", reason="the science extra is not installed")
    from hydra.utils import instantiate

    from davis_tree import write_davis

    here = [f"simulation.connectome={tiny_connectome}", f"simulation.davis_root={write_davis(tmp_path / 'DAVIS')}"]
    cfg = compose_config(f"simulation={regime}", "simulation.video_least_frames=2", *here)
    assert instantiate(cfg.simulation, _convert_="all").n_units == 19 * 4 + 3


@pytest.mark.parametrize(("level", "name"), [(0.0, "free"), (0.05, "005"), (0.5, "05")])
def test_a_published_noise_level_goes_with_any_visual_input(level, name, compose_config):
    alone = compose_config(f"experiment=flyvis_noise_{name}")
    chosen = compose_config("simulation=flyvis_davis", f"experiment=flyvis_noise_{name}")
    assert (alone.simulation.visual_input_type, chosen.simulation.visual_input_type) == ("scenes", "DAVIS")
    assert alone.simulation.noise_model_level == chosen.simulation.noise_model_level == level


MEASURED = {
    "signal_measurement_noise_2": ("relative", 0.017),
    "signal_measurement_noise_5": ("relative", 0.05),
    "metabolism_measurement_noise_1": ("relative", 0.01),
    "flyvis_measurement_noise_004": ("absolute", 0.04),
    "flyvis_measurement_noise_010": ("absolute", 0.1),
}


@pytest.mark.parametrize("name", MEASURED)
def test_a_published_level_of_measurement_noise_is_an_experiment(name, compose_config):
    simulation = compose_config(f"experiment={name}").simulation
    assert (simulation.measurement_noise_unit, simulation.measurement_noise_level) == MEASURED[name]


MAY_BE_NULL = ("training.max_steps", "training.closed_form_frames")


@pytest.mark.parametrize("regime", REGIMES)
def test_every_searched_key_exists_and_its_range_is_legal(regime, compose_config):
    cfg = compose_config(f"simulation={regime}")
    keys = [*cfg.search.params, *cfg.search.slot_params, *(o.partition("=")[0] for o in cfg.search.trial_overrides)]
    plain = [key for key in keys if "/" not in key]
    assert plain
    for name in plain:
        assert OmegaConf.select(cfg, name, throw_on_missing=True) is not None or name in MAY_BE_NULL


STRATEGIES = sorted(path.stem for path in (CONF / "training" / "strategy").glob("*.yaml"))


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_strategy_of_phase_2_composes_alone_and_in_a_set(name, compose_config):
    alone = compose_config("simulation=metabolism_homeostasis", f"training/strategy={name}").training.strategy
    chosen = {key for key, node in alone.items() if node is not None}
    assert chosen or name == "plain"
    both = compose_config("simulation=metabolism_homeostasis", f"training/strategy=[{name},contrastive]")
    assert {key for key, node in both.training.strategy.items() if node is not None} == chosen | {"contrastive"}


def test_the_strategies_that_a_search_chooses_from_exist(compose_config):
    cfg = compose_config("simulation=metabolism_homeostasis")
    options = cfg.search.params["training/strategy"].removeprefix("choice(").removesuffix(")").split(", ")
    moved = [value for row in cfg.search.focus for value in row.move.get("training/strategy", ()) if value != "any"]
    assert {"start", *options} <= set(STRATEGIES)
    assert {value for value in moved if len(value) > 1} <= set(options)
    assert not any("contrastive" in option for option in options)  # baselines come before auxiliary losses
    later = compose_config("simulation=metabolism_homeostasis", "search=metabolism_homeostasis_auxiliary")
    reachable = {
        *options,
        *later.search.params["training/strategy"].removeprefix("choice(").removesuffix(")").split(", "),
    }
    assert {"start_contrastive", "residual_contrastive"} <= reachable <= set(STRATEGIES)


@pytest.mark.parametrize("key", ["training.learning_rat=1", "simulation.n_neuron=10", "model.hidden=3"])
def test_a_misspelt_key_is_an_error(key, compose_config):
    from hydra.errors import ConfigCompositionException

    with pytest.raises(ConfigCompositionException, match="Could not override"):
        compose_config(key)


@pytest.mark.parametrize("path", sorted(CONF.rglob("*.yaml")), ids=lambda p: p.stem)
def test_every_yaml_opens_with_the_command_that_runs_it(path):
    lines = [line for line in path.read_text().splitlines() if not line.startswith("# @package")]  # has to come first
    assert lines[0].startswith("# python train.py")
