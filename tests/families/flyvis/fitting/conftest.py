"""Eyes that several tests share: a lattice of 19 columns of four neurons, and recordings of the tiny connectome."""

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.callbacks.dataset_writer import DatasetWriter  # noqa: E402
from hydra_llm.data.store import DatasetStore  # noqa: E402
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
