"""Test cases that every system must pass; inherit and say how one is built from a seed.

    class TestRotors(SystemConformance):
        def system(self, seed: int) -> System:
            return rotors(n_units=4, coupling=0.5, noise=0.1, delta_t=0.01, n_frames=50, seed=seed)

A small system will do: every test simulates it once or twice. Plain classes with assertions: any test runner that
collects `test_` methods will do.
"""

from __future__ import annotations

import json
from collections import defaultdict

import torch
from torch import Tensor

from hydra_llm.systems.base import SPLITS, System

Arrays = dict[str, dict[str, Tensor]]  # split -> array -> [frame, column]


class SystemConformance:
    def system(self, seed: int) -> System:
        """A system of the kind that is tested, all its randomness drawn from `seed`."""
        raise NotImplementedError("A subclass says how the system under test is built from a seed.")

    def recorded(self, seed: int) -> Arrays:
        """What the system records of each split, from its first frame to its last."""
        system, pieces = self.system(seed), defaultdict(lambda: defaultdict(dict))
        run = system.start()
        for segment in system.segments():
            for recording in run.advance(segment):
                for name in system.arrays():
                    pieces[recording.split][name][recording.start] = getattr(recording, name)
        return {
            split: {name: torch.cat([part[start] for start in sorted(part)]) for name, part in arrays.items()}
            for split, arrays in pieces.items()
        }

    def test_every_split_has_the_frames_that_the_system_names(self) -> None:
        system, recorded = self.system(0), self.recorded(0)
        assert set(system.n_frames) == set(SPLITS)
        lengths = {split: {len(values) for values in recorded[split].values()} for split in SPLITS}
        assert lengths == {split: {count} for split, count in system.n_frames.items()}

    def test_every_array_has_its_width_and_holds_numbers(self) -> None:
        system, recorded = self.system(0), self.recorded(0)
        assert "activity" in system.arrays()
        for split, arrays in recorded.items():
            for name, width in system.arrays().items():
                assert arrays[name].shape[1] == width, f"{name} of {split}"
                assert torch.isfinite(arrays[name]).all(), f"{name} of {split}"

    def test_the_drift_of_a_frame_is_a_number_per_unit_and_does_not_depend_on_its_neighbours(self) -> None:
        system, arrays = self.system(0), self.recorded(0)["train"]
        states, external = arrays.get("clean_activity", arrays["activity"])[:6], arrays.get("external")
        drift = system.drift(states, None if external is None else external[:6])
        late = system.drift(states[3:], None if external is None else external[3:6])
        assert drift.shape == states.shape
        assert torch.isfinite(drift).all()
        assert torch.allclose(drift[3:], late, rtol=1e-3, atol=1e-5)

    def test_equal_seeds_give_equal_recordings_and_equal_truth(self) -> None:
        once, again = self.recorded(0), self.recorded(0)
        assert all(torch.equal(once[s][name], again[s][name]) for s in once for name in once[s])
        truth, same = self.system(0).truth(), self.system(0).truth()
        assert truth.keys() == same.keys()
        assert all(torch.equal(truth[name], same[name]) for name in truth)

    def test_another_seed_gives_another_recording(self) -> None:
        assert not torch.equal(self.recorded(0)["train"]["activity"], self.recorded(1)["train"]["activity"])

    def test_the_splits_are_different_trajectories(self) -> None:
        first = [self.recorded(0)[split]["activity"][:2] for split in SPLITS]
        assert not torch.equal(first[0], first[1])
        assert not torch.equal(first[1], first[2])

    def test_the_address_and_the_record_are_plain_values(self) -> None:
        system = self.system(0)
        assert json.loads(json.dumps(dict(system.keys))) is not None
        assert json.loads(json.dumps(system.observation_meta()))["dtype"] == system.dtype
        assert json.loads(json.dumps(system.truth_meta())) is not None
