"""What an eye with hidden neurons is judged by beyond its parameters: the truth of all neurons stands beside a network
that was given some of them.

Parameters are compared for recorded neurons and for edges between them only. Of hidden neurons the activity is
compared; nothing is claimed of the weights into or out of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hydra_llm.data.dataset import Dataset
from hydra_llm.data.observations import Observations, RecordedSplit
from hydra_llm.estimation.estimates import Estimates
from hydra_llm.estimation.method import Field
from hydra_llm.estimation.recorded import Recorded
from hydra_llm.families.flyvis.evaluation.rollouts import Rollouts, roll_out_sequences
from hydra_llm.families.flyvis.fitting.frame_map import FrameMap
from hydra_llm.families.flyvis.fitting.hidden_cells import begun, reconstructed
from hydra_llm.families.flyvis.fitting.partial_eye import PartialEye
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN
from hydra_llm.families.flyvis.oracle.report import FlyvisOracle, OracleParameters
from hydra_llm.families.flyvis.system.voltage_field import VoltageField
from hydra_llm.identifiability.samples import Samples
from hydra_llm.metrics.scores import pearson

_STILL = 1e-3  # neurons that vary by less than this share of the rms over neurons have no correlation to speak of


@dataclass(frozen=True)
class PartlyRecorded:
    """A dataset of an eye with hidden neurons. [neuron]: all of them."""

    eye: PartialEye
    dataset: Dataset
    observations: Observations

    @property
    def delta_t(self) -> float:
        return float(self.observations.meta["delta_t"])

    def states(self, split: str) -> np.ndarray:
        """[frame, neuron]: as recorded, and the true ones of hidden neurons."""
        states = np.array(self.dataset.states(split))
        states[:, self.eye.neuron.numpy()] = self.observations.split(split).activity
        return states

    def starts(self, split: str) -> Tensor:
        return self.observations.structure(f"sequence_start_{split}")

    def light(self, split: str) -> np.ndarray | None:
        return self.observations.whole_external(split)

    def samples(self, estimates: Estimates, law: Field, split: str, n_frames: int | None) -> Samples:
        """What the oracle is fitted to where it is given hidden activity. law: the true one, of all neurons."""
        states, light = (
            None if part is None else torch.tensor(part) for part in (self.states(split), self.light(split))
        )
        assert states is not None  # only the input may be missing
        recorded = Recorded(states, light, self.delta_t, self.starts(split))
        return Samples(*estimates.frames_of(recorded, law, n_frames)[:3])

    def of_recorded(self, found: FlyvisOracle) -> FlyvisOracle:
        """What an oracle for all neurons says of the recorded ones and the edges between them."""
        n_edges = self.eye.graph.num_edges
        looked, neuron, edge = found.looked.within(self.eye.neuron, self.eye.edge, n_edges)

        def part(one: OracleParameters) -> OracleParameters:
            return OracleParameters(one.W[edge], one.tau[neuron], one.v_rest[neuron], one.found[neuron])

        return replace(
            found,
            looked=looked,
            **{name: part(getattr(found, name)) for name in ("ls", "ridge", "evidence", "tied")},
            identifiable_W=found.identifiable_W[edge],
            identifiable_tau=found.identifiable_tau[neuron],
            identifiable_v_rest=found.identifiable_v_rest[neuron],
            silent=found.silent[self.eye.neuron],
            linear=found.linear[self.eye.neuron],
        )

    def law(self, whole: FlyvisGNN) -> FrameMap:
        recorded = self.observations.split("train").activity
        return FrameMap(whole, (float(recorded.min()), float(recorded.max())), self.delta_t)

    @torch.no_grad()
    def reconstruction(self, whole: FlyvisGNN, split: str) -> Tensor:
        """States [frame, neuron] of a split: as recorded, and hidden ones as the network integrates them."""
        recorded, light = self.observations.split(split), self.light(split)
        given = torch.tensor(np.asarray(recorded.activity)).to(whole.W.dtype)
        held = None if light is None else torch.tensor(light).to(whole.W.dtype)
        return reconstructed(self.law(whole), given, held, self.starts(split), self.eye)

    def hidden_scores(self, whole: FlyvisGNN | None) -> dict[str, float]:
        """n_hidden_neurons; where their activity is reconstructed, of how many (share), and on the test trajectory its
        mean correlation with the truth and the median over neurons of R2 to the line y = x."""
        scores = {"n_hidden_neurons": float(len(self.eye.hidden))}
        if whole is None:
            return scores
        chosen = self.eye.reconstructible.numpy()
        scores["hidden_reconstructed_share"] = len(chosen) / len(self.eye.hidden)
        learned = self.reconstruction(whole, "test").numpy()[:, chosen]
        true = self.dataset.states("test")[:, chosen]
        spread = true.std(axis=0)
        moves = spread > _STILL * np.sqrt((spread**2).mean()) if len(chosen) else np.zeros(0, bool)
        if moves.any():
            learned, true = learned[:, moves], true[:, moves]
            R2 = 1 - ((learned - true) ** 2).sum(0) / ((true - true.mean(0)) ** 2).sum(0)
            found = [pearson(a, b) or 0.0 for a, b in zip(learned.T, true.T, strict=True)]
            scores |= {
                "hidden_activity_pearson": float(np.mean(found)),
                "hidden_activity_R2_median": float(np.median(R2)),
            }
        return scores

    def onestep(self, net: FlyvisGNN, whole: FlyvisGNN | None, split: str) -> np.ndarray:
        """dv/dt [frame, recorded neuron] at the true states of these, with reconstructed or silent others."""
        recorded, light = self.observations.split(split), self.light(split)
        true = torch.tensor(np.asarray(self.dataset.states(split)))[:, self.eye.neuron].to(net.W.dtype)
        with torch.no_grad():
            if whole is None:
                held = None if recorded.external is None else torch.tensor(recorded.external).to(net.W.dtype)
                return net(true, held).numpy()
            states = self.reconstruction(whole, split)
            states[:, self.eye.neuron] = true
            held = None if light is None else torch.tensor(light).to(net.W.dtype)
            return whole(states, held)[:, self.eye.neuron].numpy()

    def roll_out(
        self,
        net: FlyvisGNN,
        whole: FlyvisGNN | None,
        field: VoltageField,
        split: str,
        n_frames: int,
        meta: Mapping[str, Any],
    ) -> Rollouts:
        """Rollouts of the recorded neurons. The network starts hidden ones where their counterparts are, or has none;
        the true law starts them from the truth. field: of all neurons."""
        starts, rest = self.starts(split), (n_frames, self.delta_t, meta)
        given, true = self.observations.split(split), RecordedSplit(split, self.states(split), self.light(split))
        of_law = roll_out_sequences(None, field, true, starts, *rest)
        if whole is None:
            of_net = roll_out_sequences(net, None, given, starts, *rest)
            return Rollouts(of_net.recorded, of_net.predicted, self._recorded(of_law.noise_free))
        states = np.array(true.activity)
        states[starts.numpy()] = begun(torch.tensor(states[starts.numpy()]), self.eye).numpy()
        of_net = roll_out_sequences(whole, None, RecordedSplit(split, states, self.light(split)), starts, *rest)
        parts = (of_net.recorded, of_net.predicted, of_law.noise_free)
        return Rollouts(*(self._recorded(part) for part in parts))

    def _recorded(self, pieces: list[np.ndarray]) -> list[np.ndarray]:
        return [piece[:, self.eye.neuron.numpy()] for piece in pieces]
