"""Every family's system, and that of the example, pass the suite that a system of anybody's inherits."""

import importlib
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.systems.testing import SystemConformance

EXAMPLE = Path(__file__).parents[2] / "examples" / "own_regime"


class TestSignal(SystemConformance):
    @pytest.fixture(autouse=True)
    def _make(self, make_signal_system):
        self.make = make_signal_system

    def system(self, seed):
        return self.make(seed=seed, n_frames=60, n_frames_validation=30, n_frames_test=40, measurement_noise_level=0.1)


class TestFlyvis(SystemConformance):
    @pytest.fixture(autouse=True)
    def _make(self, make_flyvis_system):
        self.make = make_flyvis_system

    def system(self, seed):
        return self.make(seed=seed, noise_model_level=0.05)


class TestMetabolism(SystemConformance):
    @pytest.fixture(autouse=True)
    def _make(self, make_metabolism_system):
        self.make = make_metabolism_system

    def system(self, seed):
        return self.make(seed=seed)


class TestRotors(SystemConformance):
    def system(self, seed):
        sys.path.insert(0, str(EXAMPLE))
        try:
            rotors = importlib.import_module("rotors")
        finally:
            sys.path.remove(str(EXAMPLE))
        return rotors.rotors(n_units=6, coupling=0.5, noise=0.1, delta_t=0.01, n_frames=80, seed=seed)
