"""Partial observation: hidden units act on the others and are in no observation."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.callbacks.dataset_writer import DatasetWriter  # noqa: E402
from hydra_llm.data.store import DatasetStore  # noqa: E402
from hydra_llm.systems.hidden_units import hidden_units  # noqa: E402
from hydra_llm.training.simulation import simulate  # noqa: E402

TYPES, NAMES = torch.tensor([0] * 6 + [1] * 4), ("a", "b")


def drawn(number, which="random"):
    return hidden_units(number, which, TYPES, NAMES, torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("number", "expected"), [(0, 0), (3, 3), (0.2, 2), (0.01, 1)])
def test_a_number_or_a_share_of_units_is_hidden(number, expected):
    assert int(drawn(number).sum()) == expected


def test_named_types_are_hidden_whole_or_in_part():
    assert drawn(0, ["b"]).tolist() == [False] * 6 + [True] * 4
    part = drawn(0.5, "b")
    assert int(part.sum()) == 2
    assert not part[:6].any()


@pytest.mark.parametrize(
    ("number", "which", "sentence"),
    [
        (1.5, "random", "must be a whole number of neurons, or a share"),
        (-1, "random", "must be a whole number of neurons, or a share"),
        (9, "random", "must leave at least 2 of the 10 neurons"),
        (5, "b", "must be at most 4"),
        (0, ["c"], "names among a, b"),
        (0, [], "names among a, b"),
    ],
)
def test_what_cannot_be_hidden_is_refused_in_a_sentence(number, which, sentence):
    with pytest.raises(ValueError, match=sentence):
        drawn(number, which)


@pytest.mark.parametrize("family", ["signal", "flyvis"])
def test_a_hidden_unit_still_acts(family, request, simulate_system):
    make = request.getfixturevalue(f"make_{family}_system")
    whole, partly = make(), make(n_hidden_neurons=2)
    recorded = partly.recorded_units
    assert whole.recorded_units is None
    assert len(recorded) == whole.n_units - 2
    everything, seen = simulate_system(whole)["train"]["activity"], simulate_system(partly)["train"]
    assert torch.equal(seen["activity"], everything[:, recorded])
    assert torch.equal(seen["clean_activity"], everything)


@pytest.mark.parametrize("family", ["signal", "flyvis"])
def test_observations_and_the_oracle_derivative_hold_recorded_units_only(family, request, tmp_path):
    system = request.getfixturevalue(f"make_{family}_system")(n_hidden_neurons=2)
    dataset = simulate(
        system, DatasetStore(tmp_path), writer=DatasetWriter, callbacks=[], oracle=True, enable_progress_bar=False
    )
    width = system.n_units - 2
    split = dataset.observations().split("train")
    assert dataset.observations().meta["n_neurons"] == split.activity.shape[1] == width
    assert dataset.oracle().drift("train").shape[1] == width
    assert dataset.states("train").shape[1] == system.n_units
    assert torch.equal(dataset.truth()["hidden"].logical_not().nonzero().ravel(), system.recorded_units)
    files = {path.name for path in (dataset.path / "observations").rglob("*")}
    assert not files & {"hidden.npy", "clean_activity.npy"}


def test_of_an_input_a_recording_shows_what_recorded_units_receive(make_signal_system, tmp_path):
    keys = {"external_input_type": "oscillatory", "external_input_mode": "additive"}
    system = make_signal_system(n_hidden_neurons=2, **keys)
    dataset = simulate(system, DatasetStore(tmp_path), writer=DatasetWriter, callbacks=[], enable_progress_bar=False)
    observations = dataset.observations()
    shown, everything = observations.split("test").external, observations.whole_external("test")
    assert (shown == everything[:, system.recorded_units.numpy()]).all()
    assert everything.shape[1] == system.n_units
