"""What a fit says of itself: where it is, in rounds or in steps."""

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.training.recovery import RecoveryModule  # noqa: E402


def gradient(n_steps, n_intervals):
    steps = {"n_steps": n_steps, "steps_after": lambda interval: n_steps * (interval + 1) // n_intervals}
    return SimpleNamespace(name="gradient", n_intervals=n_intervals, **steps)


def told(*phases):
    module = RecoveryModule(torch.nn.Linear(1, 1), phases)  # type: ignore[arg-type]
    return [module.told_after(epoch) for epoch in range(module.n_intervals)]


def test_every_round_of_a_closed_form_is_told_with_its_number():
    phases = SimpleNamespace(name="closed_form", n_intervals=1), SimpleNamespace(name="flow", n_intervals=2)
    expected = ["closed form), round 1 of 1", "flow), round 1 of 2", "flow), round 2 of 2"]
    assert told(*phases) == [f"Fitting ({words}" for words in expected]


@pytest.mark.parametrize(("n_steps", "n_intervals", "n_lines"), [(4000, 20, 10), (7, 7, 7), (3, 3, 3)])
def test_of_many_steps_about_every_tenth_part_is_told(n_steps, n_intervals, n_lines):
    lines = [line for line in told(gradient(n_steps, n_intervals)) if line]
    assert len(lines) == n_lines
    assert lines[-1] == f"Fitting (gradient), step {n_steps:,} of {n_steps:,}"
