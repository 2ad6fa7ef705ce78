"""Eyes that several tests share: a lattice of 19 columns of four neurons, and recordings of the tiny connectome."""

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.callbacks.dataset_writer import DatasetWriter  # noqa: E402
from hydra_llm.data.store import DatasetStore  # noqa: E402
from hydra_llm.data.windows import Frames  # noqa: E402
from hydra_llm.families.flyvis.fitting.closed_form import write  # noqa: E402
from hydra_llm.families.flyvis.fitting.regressions import Coefficients  # noqa: E402
from hydra_llm.training.simulation import simulate  # noqa: E402

KEYS = {"parameters": "varied", "dtype": "float64", "n_frames": 900, "n_frames_validation": 150, "n_frames_test": 150}

# source type, target type, relative column of the target
WIRING = [
    (0, 1, (0, 0)),
    (0, 2, (0, 0)),
    (1, 2, (1, 0)),
    (1, 3, (0, 0)),
    (2, 3, (0, -1)),
    (3, 2, (-1, 1)),
    (3, 3, (0, 0)),
]
N_TYPES = 4
FINE = 20  # Euler steps per frame of recorded_network


@pytest.fixture
def eye():
    """The wiring diagram with its neurons in random order; type 0 has the inputs."""
    columns = [(u, v) for u in range(-2, 3) for v in range(-2, 3) if abs(u + v) <= 2]
    neurons = [(column, kind) for column in columns for kind in range(N_TYPES)]
    order = torch.randperm(len(neurons), generator=torch.Generator().manual_seed(3)).tolist()
    neurons = [neurons[k] for k in order]
    number = {neuron: k for k, neuron in enumerate(neurons)}
    edges = [
        (number[(column, source)], number[there])
        for column in columns
        for source, target, step in WIRING
        if (there := ((column[0] + step[0], column[1] + step[1]), target)) in number
    ]
    types = torch.tensor([kind for _, kind in neurons])
    return SimpleNamespace(
        edge_index=torch.tensor(edges).T,
        column=torch.tensor([column for column, _ in neurons]),
        types=types,
        input_index=(types == 0).nonzero().ravel(),
        n=len(neurons),
    )


@pytest.fixture
def recorded(make_flyvis_system, tmp_path):
    def make(**keys):
        system = make_flyvis_system(**{**KEYS, "extent": 2, "n_hidden_neurons": 0.15, **keys})
        store = DatasetStore(tmp_path)
        return simulate(system, store, writer=DatasetWriter, callbacks=[], enable_progress_bar=False)

    return make


@pytest.fixture
def recorded_network(make_graph_frames, make_graph_net):
    """A network that obeys the law of a truth, and forward differences of its recording in 15 sequences."""

    def make(process=0.05, measurement=0.0, n_frames=1500, n_sequences=15, coupling=1.0):
        truth = make_graph_frames(n_neurons=20, n_frames=n_frames)
        truth.W *= coupling
        generator = torch.Generator().manual_seed(11)
        net = make_graph_net(truth, message_form="relu")
        rate = 1 / truth.tau
        target = truth.edge_index[1]
        write(net, Coefficients(truth.W * rate[target], rate, rate * truth.v_rest, torch.zeros_like(rate)))
        dt, length = truth.delta_t, n_frames // n_sequences
        light = truth.frames.external.view(n_sequences, length, -1)
        noise = torch.randn((2, length + 1, n_sequences, 20), generator=generator, dtype=torch.float64)
        v = truth.v_rest.clamp_min(-1).expand(n_sequences, -1)
        states = [v + measurement * noise[1, 0]]
        with torch.no_grad():
            for k in range(length):  # all sequences at once
                for _ in range(FINE):
                    v = v + dt / FINE * net(v, light[:, k])
                v = v + process * noise[0, k]
                states.append(v + measurement * noise[1, k + 1])
        y = torch.stack(states, dim=1)  # [sequence, frame, neuron]
        activity, slope = (part.reshape(n_frames, 20) for part in (y[:, :-1], torch.diff(y, dim=1) / dt))
        frames = Frames(activity, slope, truth.frames.external, torch.arange(0, n_frames, length))
        return SimpleNamespace(truth=truth, net=net, frames=frames, dt=dt)

    return make
