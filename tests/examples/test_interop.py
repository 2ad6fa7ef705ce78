"""Recordings of simulators that are not ours: each solves the network that the scripts say, with the noise they say."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from programs import PYTHON, run

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "interop"
REASON = "{} is not installed: pip install 'hydra-llm[interop]'"
RATE_SIMULATORS = {"nest_network": "nest", "brian2_network": "brian2"}
REACTION_SIMULATORS = {"copasi": "basico", "roadrunner": "roadrunner"}


@pytest.fixture
def script(monkeypatch):
    """Imports one of the scripts, which import each other by their names."""
    monkeypatch.syspath_prepend(str(FOLDER))
    before = set(sys.modules)
    yield __import__
    for name in {path.stem for path in FOLDER.glob("*.py")} - before:
        sys.modules.pop(name, None)


def written(path, program, package, *options):
    """Runs a script in a process of its own: two simulators in one process can share libraries that do not agree."""
    if importlib.util.find_spec(package) is None:
        pytest.skip(REASON.format(package))
    run([PYTHON, str(FOLDER / f"{program}.py"), str(path), *options])
    return path


def rates(path, program, *options):
    """What a simulator of rates recorded, [frame, unit]."""
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    written(path, program, RATE_SIMULATORS[program], "--burn-in", "0", *options)
    with h5py.File(path) as file:
        return file["acquisition/rates/data"][()]


def concentrations(path, simulator, text, *options):
    """What a simulator of reactions recorded, [frame, species]."""
    path.with_suffix(".txt").write_text(text)
    keys = ("--simulator", simulator, "--network", str(path.with_suffix(".txt")))
    return np.load(written(path, "reaction_network", REACTION_SIMULATORS[simulator], *keys, *options))["activity"]


@pytest.mark.parametrize("name", RATE_SIMULATORS)
def test_without_noise_a_simulator_of_rates_solves_the_equation_that_the_scripts_state(name, script, tmp_path):
    from scipy.integrate import solve_ivp

    network = script("rate_network").RateNetwork(units=8, frames=60)
    options = ("--units", "8", "--frames", "60", "--noise", "0", "--substeps", "50")
    states = rates(tmp_path / "a.nwb", name, *options)
    W = np.load(tmp_path / "a_truth.npy")  # per second
    first = 1 if name == "nest_network" else 0  # NEST records the end of a step, so nothing at 0
    times = network.delta_t * np.arange(first, first + 60)
    exact = solve_ivp(
        lambda t, u: -u / network.tau + W @ np.tanh(u),
        (0, times[-1]),
        network.initial_state(),
        t_eval=times,
        rtol=1e-9,
        atol=1e-9,
    ).y.T
    np.testing.assert_allclose(W, network.weights() / network.tau)
    assert np.abs(states - exact).max() < 0.02 * exact.std()


@pytest.mark.parametrize("name", RATE_SIMULATORS)
def test_a_state_gains_as_much_noise_per_frame_as_was_asked_for(name, tmp_path):
    options = ("--units", "50", "--frames", "500", "--noise", "0.05", "--substeps", "5", "--gain", "1e-9")
    steps = np.diff(rates(tmp_path / "a.nwb", name, *options)[300:], axis=0)  # the start is forgotten
    assert steps.std() == pytest.approx(0.05 * 0.988, rel=0.03)  # sqrt((1 - exp(-x)) / x), x = delta_t / tau


def test_a_step_that_nest_cannot_count_is_a_sentence(script):
    network = script("rate_network").RateNetwork(units=3, substeps=7)
    with pytest.raises(SystemExit, match=r"multiple of 0\.001 ms"):
        script("nest_network").step_in_ms(network)


def test_two_seeds_are_two_networks_and_one_seed_is_one(script):
    first, same, other = (script("rate_network").RateNetwork(seed=seed).weights() for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, same)
    assert np.abs(first - other).max() > 1
    assert not np.diag(first).any()


def test_a_recording_is_a_file_that_our_reader_and_pynwb_take_alike(script, tmp_path):
    pytest.importorskip("h5py", reason="h5py is not installed")
    from hydra_llm.recordings.formats import read_session
    from hydra_llm.recordings.session import Names

    activity = np.random.default_rng(0).standard_normal((50, 3))
    path = tmp_path / "a.nwb"
    script("nwb_file").write_nwb(path, activity, rate=400.0, identifier="one", description="for a test")
    session = read_session(path, None, Names(None, None, None, None))
    np.testing.assert_array_equal(session.activity, activity)
    assert session.delta_t == pytest.approx(0.0025)
    pynwb = pytest.importorskip("pynwb", reason="pynwb is not installed: pip install pynwb")
    assert pynwb.validate(path=str(path)) in ([], ([], 0))
    with pynwb.NWBHDF5IO(str(path), "r") as io:
        series = io.read().acquisition["rates"]
        np.testing.assert_array_equal(series.data[:], activity)
        assert series.rate == 400.0


@pytest.mark.parametrize("simulator", REACTION_SIMULATORS)
def test_concentrations_follow_mass_action(simulator, tmp_path):
    from scipy.integrate import solve_ivp

    text = "A = 1\nB = 0.5\nC = 0\nA + 2 B -> C : 0.7\nC -> A : 0.2\n"
    found = concentrations(tmp_path / "c.npz", simulator, text, "--frames", "101", "--delta-t", "0.05")

    def law(t, c):
        forward, back = 0.7 * c[0] * c[1] ** 2, 0.2 * c[2]
        return [back - forward, -2 * forward, forward - back]

    exact = solve_ivp(law, (0, 6), [1, 0.5, 0], t_eval=0.05 * np.arange(101), rtol=1e-10, atol=1e-12).y.T
    np.testing.assert_allclose(found, exact, atol=1e-5)


@pytest.mark.parametrize("simulator", REACTION_SIMULATORS)
def test_a_stochastic_run_counts_molecules_and_its_seed_decides(simulator, tmp_path):
    keys = ("--stochastic", "--volume", "20", "--frames", "4001", "--delta-t", "0.5")
    text = "A = 10\nA -> : 1.0\n-> A : 10\n"
    first, same, other = (
        concentrations(tmp_path / f"{number}.npz", simulator, text, *keys, "--seed", str(seed))
        for number, seed in enumerate((0, 0, 1))
    )
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()
    counts = 20 * first[20:, 0]
    np.testing.assert_allclose(counts, np.round(counts), atol=1e-6)
    assert counts.mean() == pytest.approx(200, rel=0.05)
    assert counts.var() == pytest.approx(200, rel=0.2)  # Poisson


def test_a_time_course_is_a_file_that_the_reader_of_recordings_takes(tmp_path):
    from hydra_llm.recordings.formats import read_session
    from hydra_llm.recordings.session import Names

    path = written(tmp_path / "c.csv", "reaction_network", "basico", "--frames", "50")
    session = read_session(path, None, Names(None, None, None, None))
    assert session.activity.shape == (50, 2)
    assert session.time is not None
    np.testing.assert_allclose(np.diff(session.time), 0.02)


@pytest.mark.parametrize(
    ("text", "words"),
    [("A = 1\nA => B", "is neither"), ("A = 1\nA -> B : 1", "missing: B"), ("A = 1\nA -> : fast", "is neither")],
)
def test_a_network_that_cannot_be_read_says_which_line_or_species(text, words, script):
    with pytest.raises(ValueError, match=words):
        script("mass_action").MassAction.read(text)


@pytest.mark.parametrize("name", ["nest_network", "brian2_network", "reaction_network"])
def test_every_script_says_what_it_takes(name):
    assert "usage: " in run([PYTHON, str(FOLDER / f"{name}.py"), "--help"])


def test_a_simulator_that_is_missing_is_a_sentence(script, monkeypatch):
    network = script("rate_network").RateNetwork(units=3)
    for name, package in RATE_SIMULATORS.items():
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(SystemExit, match=r"hydra-llm\[interop\]"):
            script(name).simulate(network, np.zeros((3, 3)))


@pytest.mark.parametrize(("option", "value"), [("--units", "1"), ("--tau", "0"), ("--noise", "-1"), ("--noise", "nan")])
def test_a_value_that_describes_no_network_is_refused_by_its_name(option, value, script, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", ["nest_network.py", str(tmp_path / "a.nwb"), option, value])
    with pytest.raises(SystemExit, match=f"{option} must be"):
        script("rate_network").record("NEST", lambda network, W: W)
