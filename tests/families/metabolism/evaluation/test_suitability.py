"""Which recordings cannot tell homeostasis from their own errors."""

from dataclasses import replace

import pytest

from hydra_llm.families.metabolism.config import HomeostasisTraining
from hydra_llm.families.metabolism.evaluation.suitability import unsuitable

EXACT = {"noise_model_level": 0.0, "integrator": "euler", "substeps": 1}


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"target": "finite_difference", "k": "profiled"}, "what is estimated from the recording"),
        ({"target": "drift", "k": "frozen"}, "rollouts"),
        ({"target": "drift", "k": "profiled"}, None),
    ],
)
def test_process_noise_is_larger_than_homeostasis(keys, found):
    sentences = unsuitable(replace(HomeostasisTraining(), **keys), {**EXACT, "noise_model_level": 0.01})
    assert (found in sentences[0]) if found else not sentences


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"target": "finite_difference", "difference_order": "forward", "k": "profiled"}, "Forward differences"),
        ({"target": "finite_difference", "difference_order": "central", "k": "profiled"}, None),
        ({"target": "drift", "k": "frozen"}, "Rollouts by Euler steps"),
        ({"target": "drift", "k": "profiled"}, None),
    ],
)
def test_a_recording_by_another_integrator_is_biased_for_euler_steps(keys, found):
    sentences = unsuitable(replace(HomeostasisTraining(), **keys), {**EXACT, "integrator": "rk4"})
    assert (found in sentences[0]) if found else not sentences
