"""Fits of the fly other than the default one, on five cell types; and the default one on the whole eye."""

import shutil

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.flyvis.model.messages import MessageFunction  # noqa: E402

ADAM = ("training.projection_iterations=0", "training.closed_form=false", "training.max_steps=40")
UNSEEN = ("training=flyvis_unseen_stimulus", "model.implicit_stimulus=true")


@pytest.fixture
def run_fly(run_tiny, tiny_connectome):
    def run(*overrides, **keys):
        return run_tiny("simulation=flyvis_scenes", f"simulation.connectome={tiny_connectome}", *overrides, **keys)

    return run


def test_alternating_training_leaves_the_course_of_its_phases(run_fly, tmp_path):
    metrics = run_fly("model=flyvis_gnn_published", "training=flyvis_alternating", "training.max_steps=80")
    header, *lines = (tmp_path / "run" / "connectivity_r2.log").read_text().strip().split("\n")
    assert header == "epoch,iteration,connectivity_r2,phase"
    assert {line.split(",")[3] for line in lines} == {"W", "V_rest"}
    assert [int(line.split(",")[1]) for line in lines][-1] == 80
    assert metrics["connectivity_R2_final"] == pytest.approx(float(lines[-1].split(",")[2]), rel=1e-4)


def test_ratios_to_the_active_rates_are_another_way_to_say_the_same(run_fly):
    fit = ("training.alternate_training=true", *ADAM)
    rates = {"W": 1e-4, "edge": 1e-4, "update": 1e-4, "embedding": 1e-4}
    absolute = [f"training.alternate_lr_{part}={value}" for part, value in rates.items()]
    active = {"W": 1e-3, "edge": 5e-4, "update": 5e-4, "embedding": 1e-3}
    ratios = [f"training.alternate_lr_{part}={value / active[part]}" for part, value in rates.items()]
    first = run_fly(*fit, *absolute, folder="absolute")
    second = run_fly(*fit, *ratios, "training.alternate_lr_unit=ratio", folder="ratio")
    assert second["connectivity_R2"] == pytest.approx(first["connectivity_R2"], rel=1e-4)


def test_a_rollout_trains_within_the_sequences(run_fly):
    one, four = (run_fly(*ADAM, f"training.time_step={T}", folder=f"T{T}") for T in (1, 4))
    assert one["connectivity_R2"] != four["connectivity_R2"]


def test_closed_forms_on_the_way_recover_what_adam_alone_does_not(run_fly):
    oracle = (*ADAM, "training.target=drift")  # 120 noisy frames tell too little
    adam = run_fly(*oracle, folder="adam")
    solved = run_fly(*oracle, "training.closed_form_interval=20", folder="solved")
    assert solved["tau_R2_identifiable"] > 0.7 > adam["tau_R2_identifiable"]


def test_the_known_ode_reaches_the_oracle_of_the_derivative_in_one_step(run_fly):
    metrics = run_fly("model=flyvis_known_ode", "training=flyvis_closed_form", "training.target=drift")
    for name in ("connectivity", "tau", "V_rest"):
        assert metrics[f"{name}_R2_identifiable"] > 0.999


def test_a_stimulus_that_is_not_shown_is_scored(run_fly):
    metrics = run_fly(*UNSEEN, "training.max_steps=60")
    assert metrics["external_input_R2"] <= 1
    assert 0 <= metrics["external_input_R2_pearson2"] <= 1


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("model.implicit_stimulus=true",), r"model.implicit_stimulus must be false.*got true"),
        (
            (*UNSEEN, "training.target=smoothed"),
            r"training.target must be drift, auto or forward.*got smoothed",
        ),
        ((*UNSEEN, "training.time_step=3"), "one-step predictions"),
        (("model.message_form=cubic",), r"model.message_form must be one of linear, square, relu, got 'cubic'"),
        (("model=flyvis_gnn_published",), "update_form=relaxation, got GenericUpdate"),
        (("model=flyvis_known_ode",), "no message function to project"),
        (("training=flyvis_published", "training.max_steps=10"), "model=flyvis_gnn_published"),
        (("training.max_steps=0", "training.projection_iterations=0", "training.closed_form=false"), "nothing to fit"),
    ],
)
def test_settings_that_do_not_go_together_are_a_sentence(run_fly, overrides, message):
    with pytest.raises(ValueError, match=message):
        run_fly(*overrides)


class CubicMessage(MessageFunction):
    """A message function of a user's own."""

    def __init__(self, model, generator, scale):
        super().__init__(model, generator)
        self.scale = torch.nn.Parameter(torch.tensor(scale))

    def forward(self, v, a):
        return self.scale * v.clamp_min(0) ** 3


def test_a_message_of_the_users_own_is_one_line(run_fly):
    form = f"model.message_form={{_target_:{__name__}.CubicMessage,scale:0.5}}"
    metrics = run_fly(form, "training.projection_iterations=2")
    assert metrics["n_parameters"] == metrics["n_edges"] + 2 * metrics["n_neurons"] + 1


def test_a_fit_needs_the_observations_only(run_fly, compose_config, tiny_connectome, tmp_path):
    from hydra_llm.families.fitting import FitContext
    from hydra_llm.families.flyvis.fit import fit

    overrides = ("simulation=flyvis_scenes", f"simulation.connectome={tiny_connectome}")
    run_fly()
    (dataset,) = (path for path in (tmp_path / "datasets").iterdir() if path.name != ".locks")
    shutil.rmtree(dataset / "truth")
    cfg = compose_config(*overrides)
    context = FitContext(tmp_path / "fit", {"accelerator": "cpu", "enable_progress_bar": False}, reports=False)
    assert fit(dataset, cfg.model, cfg.training, context).losses()["best_val_loss"] < 0.9  # most of it is process noise


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.05, 0.5])
def test_the_recipe_recovers_the_trained_eye(run_tiny, published_connectome, trained_network, noise):
    metrics = run_tiny(
        "simulation=flyvis_scenes",
        f"simulation.connectome={published_connectome}",
        f"simulation.parameters={trained_network}",
        "simulation.sequence_duration=4.0",
        "simulation.n_frames=8000",
        "simulation.n_frames_validation=2000",
        "simulation.n_frames_test=2000",
        f"simulation.noise_model_level={noise}",
    )
    assert metrics["connectivity_R2"] > 0.98
    assert metrics["tau_R2"] > 0.99
    assert metrics["V_rest_R2"] > 0.8
