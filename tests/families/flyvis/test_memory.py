"""The estimate of a run's memory: what grows with the eye and the frames, and what does not."""

import dataclasses

import pytest

pytest.importorskip("torch", reason="the science extra is not installed")

from omegaconf import OmegaConf

from hydra_llm.families.flyvis import memory
from hydra_llm.families.flyvis.memory import Sizes, peak_memory
from hydra_llm.families.flyvis.system import flyvis_system

PUBLISHED = Sizes(
    n_neurons=13_741,
    n_edges=434_112,
    n_inputs=1_736,
    moments=31_314_535,
    n_frames=64_000,
    n_held_out=4_000,
    itemsize=4,
)


def test_the_sizes_are_those_of_the_system(tiny_connectome):
    eye = flyvis_system(connectome=str(tiny_connectome), n_frames=120, n_frames_test=60, seed=0, device="cpu")
    sizes = Sizes.of(eye)
    assert (sizes.n_neurons, sizes.n_edges) == (eye.n_units, eye.observed.edge_index.shape[1])
    assert (sizes.n_frames, sizes.n_held_out, sizes.itemsize) == (120, 180, 4)
    degree = eye.observed.edge_index[1].bincount(minlength=eye.n_units)
    assert sizes.moments == int((degree + 3).square().sum())
    known, learned = (OmegaConf.create({"projection_iterations": n, "projection_frames": 800}) for n in (0, 15))
    assert peak_memory(eye, learned) >= peak_memory(eye, known) > memory.LIBRARIES


def test_ten_times_the_frames_of_the_published_size_take_no_more_memory():
    longer = dataclasses.replace(PUBLISHED, n_frames=640_000)
    for part in (memory.held, memory.oracle, memory.baseline, memory.regressions, memory.rollouts):
        assert part(longer) == part(PUBLISHED)
    one_array = PUBLISHED.n_frames * PUBLISHED.n_neurons * PUBLISHED.itemsize
    assert memory.regressions(PUBLISHED) + memory.WORKSPACE < 1.5 * one_array


def test_a_message_that_is_learned_takes_more_than_one_that_is_known():
    keys = [OmegaConf.create({"projection_iterations": n, "projection_frames": 800}) for n in (0, 15)]
    known, learned = (memory.projection(PUBLISHED, own) for own in keys)
    assert known == 0
    assert learned > memory.regressions(PUBLISHED)


def test_frames_that_memory_holds_count():
    small = dataclasses.replace(PUBLISHED, n_frames=1000)
    assert memory.held(dataclasses.replace(PUBLISHED, n_frames=2000)) == pytest.approx(2 * memory.held(small))
