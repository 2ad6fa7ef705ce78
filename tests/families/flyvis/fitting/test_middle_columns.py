"""What is found for the middle of an eye, at its counterparts."""

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.flyvis.fitting.counterparts import counterparts  # noqa: E402
from hydra_llm.families.flyvis.fitting.joint_filter import Noise, steady  # noqa: E402
from hydra_llm.families.flyvis.fitting.middle_columns import MiddleColumns  # noqa: E402

SEVEN_COLUMNS = 28  # neurons


@pytest.fixture
def middle(eye):
    return MiddleColumns.of(eye.types, eye.column, SEVEN_COLUMNS)


def test_rings_of_columns_are_taken_while_they_fit(eye, middle):
    assert len(middle.neurons) == SEVEN_COLUMNS
    assert len(MiddleColumns.of(eye.types, eye.column, SEVEN_COLUMNS - 1).neurons) == 4
    assert len(MiddleColumns.of(eye.types, eye.column, 1).neurons) == 4
    assert len(MiddleColumns.of(eye.types, eye.column, eye.n).neurons) == eye.n


def test_a_value_of_the_middle_column_is_that_of_its_counterparts(eye, middle):
    values = eye.types[middle.neurons].to(torch.float64)
    copied = middle.copied(values, torch.full((eye.n,), -1.0, dtype=torch.float64))
    assert torch.equal(copied, eye.types.to(torch.float64))


def test_a_neuron_without_a_counterpart_in_the_middle_keeps_its_own(eye):
    rim = int(eye.column.abs().sum(1).argmax())
    alike = eye.types.clone()
    alike[rim] = 4
    middle = MiddleColumns.of(alike, eye.column, SEVEN_COLUMNS)
    own = torch.arange(eye.n, dtype=torch.float64) + 10
    assert middle.copied(torch.zeros(SEVEN_COLUMNS, dtype=torch.float64), own)[rim] == own[rim]
    K = middle.copied_matrix(torch.ones((SEVEN_COLUMNS, SEVEN_COLUMNS), dtype=torch.float64), own).to_dense()
    assert K[rim, rim] == own[rim]
    assert K[rim].count_nonzero() == 1


def test_an_entry_stands_between_all_neurons_of_the_same_types_and_distance(eye, middle):
    """Entries are told apart by types and relative column, and those that leave the eye are dropped."""

    def entry(target, source):
        step = (eye.column[source] - eye.column[target]).to(torch.float64)
        return 1 + eye.types[target] + 10 * eye.types[source] + 100 * step[..., 0] + 1000 * step[..., 1]

    own = middle.neurons
    values = entry(own[:, None], own[None, :])
    K = middle.copied_matrix(values, torch.zeros(eye.n, dtype=torch.float64)).to_dense()
    every = torch.arange(eye.n)
    away = eye.column[None, :] - eye.column[:, None]
    near = torch.stack([away[..., 0].abs(), away[..., 1].abs(), away.sum(-1).abs()]).amax(0) <= 1
    expected = torch.where(near, entry(every[:, None], every[None, :]), 0)
    assert torch.equal(K, expected)


def test_gains_of_the_middle_are_those_of_the_whole_eye_away_from_its_rim(eye):
    alike = counterparts(eye.edge_index, eye.column, eye.input_index)
    weight = 0.4 * torch.cos(torch.arange(30, dtype=torch.float64))  # of kinds of neurons, not of single ones
    source, target = eye.edge_index
    F = 0.5 * torch.eye(eye.n, dtype=torch.float64)
    F[target, source] += weight[(alike[target] * 5 + alike[source]) % 30]
    ones = torch.ones(eye.n, dtype=torch.float64)
    whole = steady(F, Noise(ones, ones, ones))
    middle = MiddleColumns.of(alike, eye.column, SEVEN_COLUMNS)
    own = middle.neurons
    part = steady(F[own][:, own], Noise(ones[own], ones[own], ones[own]))
    K = middle.copied_matrix(part.K, whole.own.gain).to_dense()
    inside = (eye.column.abs().amax(1).maximum(eye.column.sum(1).abs()) == 0).nonzero().ravel()
    torch.testing.assert_close(K[inside], whole.K[inside], rtol=0, atol=0.02)
