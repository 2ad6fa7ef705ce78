"""A rollout takes the steps of the recording: the true law repeats a recording without noise to the last digits."""

import pytest
import torch

from hydra_llm.families.evaluation import as_law
from hydra_llm.families.rollouts import roll_out, roll_out_together


@pytest.mark.parametrize("steps", [{}, {"integrator": "euler", "substeps": 1}, {"integrator": "rk4", "substeps": 3}])
@pytest.mark.parametrize("family", ["signal", "metabolism"])
def test_the_true_law_repeats_the_recording(family, steps, request, simulate_system):
    system = request.getfixturevalue(f"make_{family}_system")(dtype="float64", noise_model_level=0.0, **steps)
    recorded = simulate_system(system)["test"]["activity"][:100]
    floor = 0.0 if family == "metabolism" else None
    states = roll_out(as_law(system.field()), recorded[:1], 100, None, system.truth_meta(), system.delta_t, floor)
    torch.testing.assert_close(states[:, 0], recorded, rtol=1e-9, atol=1e-9)


def test_an_input_is_held_over_its_own_frame():
    external = torch.tensor([1.0, -2.0, 5.0], dtype=torch.float64)[:, None, None]
    start, meta = torch.zeros((1, 1), dtype=torch.float64), {"integrator": "rk4", "substeps": 2}
    states = roll_out(lambda u, held: held.expand_as(u), start, 3, external, meta, 0.1)
    torch.testing.assert_close(states.ravel(), torch.tensor([0.0, 0.1, -0.1], dtype=torch.float64))


def test_a_floor_holds_states_up():
    start, meta = torch.ones((1, 1), dtype=torch.float64), {"integrator": "euler", "substeps": 1}
    states = roll_out(lambda u, held: torch.full_like(u, -6.0), start, 4, None, meta, 0.1, floor=0.0)
    torch.testing.assert_close(states.ravel(), torch.tensor([1.0, 0.4, 0.0, 0.0], dtype=torch.float64))


@pytest.mark.parametrize("with_input", [False, True])
def test_trajectories_together_are_those_alone_whatever_their_lengths(with_input):
    def law(u, held):
        return torch.sin(u) if held is None else torch.sin(u) + held

    random = torch.Generator().manual_seed(0)
    starts = [torch.randn((1, 3), generator=random, dtype=torch.float64) for _ in range(2)]
    inputs = [torch.randn((n, 3), generator=random, dtype=torch.float64) if with_input else None for n in (5, 2)]
    steps = {"meta": {"integrator": "rk4", "substeps": 2}, "delta_t": 0.1}
    together = roll_out_together(law, starts, (5, 2), inputs, **steps)
    for start, n, held, found in zip(starts, (5, 2), inputs, together, strict=True):
        alone = roll_out(law, start, n, None if held is None else held[:, None], **steps)[:, 0]
        torch.testing.assert_close(found, alone, rtol=1e-12, atol=1e-12)
