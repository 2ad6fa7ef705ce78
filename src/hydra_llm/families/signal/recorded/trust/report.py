"""All checks of one fit: the verdicts, the page, and the number that a search without truth climbs."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from hydra_llm.estimation.recorded import Recorded
from hydra_llm.families.signal.fitting.given_functions import Terms, Weights
from hydra_llm.families.signal.model.gnn import SignalGNN
from hydra_llm.families.signal.recorded.channel_noise import ChannelNoise
from hydra_llm.families.signal.recorded.predictions import Steps, network_step, one_step, rivals
from hydra_llm.families.signal.recorded.trust import prediction
from hydra_llm.families.signal.recorded.trust.again import Read, Regressed, added_noise, every_second, left_out
from hydra_llm.families.signal.recorded.trust.horizon import closeness, rollout_verdict, rollouts_over_horizon
from hydra_llm.families.signal.recorded.trust.innovations import white_innovations
from hydra_llm.families.signal.recorded.trust.verdict import HOLDS, UNTOLD, TrustVerdict
from hydra_llm.families.signal.recorded.trust.weights_checks import Halves, halves, halves_verdict, shifted_inputs


@dataclass(frozen=True)
class Trust:
    """score: as trust_score gives it."""

    verdicts: tuple[TrustVerdict, ...]
    score: float

    @property
    def metrics(self) -> dict[str, float]:
        found = {name: value for verdict in self.verdicts for name, value in verdict.scores.items()}
        judged = [verdict for verdict in self.verdicts if verdict.finding != UNTOLD]
        held = sum(verdict.finding == HOLDS for verdict in judged)
        return {**found, "trust_score": self.score, "test_checks_held_share": held / max(1, len(judged))}

    def sentence(self) -> str:
        """One line for the log."""
        return "Checks: " + ", ".join(f"{one.check.lower()}: {one.finding}" for one in self.verdicts) + "."

    def page(self, noise: str, target: str) -> str:
        """trust.md."""
        rows = [f"| {one.check} | **{one.finding}** | {one.sentence} |" for one in self.verdicts]
        return "\n".join(
            [
                "# How far this fit can be trusted",
                "",
                f"Target: {target}. {noise}",
                "",
                "| check | verdict | what was seen |",
                "|---|---|---|",
                *rows,
                "",
                f"Trust score, from training and validation frames: {self.score:.4f} (1 is perfect, 0.5 no better than "
                "linear models). Prediction, inputs, innovations and rollouts are judged on the test frames, the "
                "others on the training frames.",
                "",
                "A model can predict well without the right mechanism. What no check here can see: units that were not "
                "recorded, and a bias that all frames share.",
                "",
            ]
        )


def trust(
    net: SignalGNN,
    recorded: Mapping[str, Recorded],
    terms: Terms,
    noise: ChannelNoise,
    synapses: torch.Tensor | None,
    seed: int,
    read: Read | None,
    given: Weights | None = None,
) -> Trust:
    """recorded: by split; terms: of the training frames; synapses: bool [target, source] where the wiring is known;
    read: the terms of another recording, None to leave out the checks that need them; given: W by `terms`, where
    somebody has it.
    """
    train, test = recorded["train"], recorded["test"]
    step, others = network_step(net, train.delta_t), rivals(train, recorded["validation"])
    mixed = prediction.shuffled_inputs(net, step, train.delta_t)
    predictors = {"network": step, **others, prediction.SHUFFLED: mixed}
    tested = one_step(predictors, train, test)
    found = halves(terms, net.connectivity().detach().double().numpy(), synapses)
    regressed = None if read is None else Regressed.of(train, read, terms, synapses, given)
    again = left_out() if regressed is None else (added_noise(regressed, noise, seed), every_second(regressed))
    verdicts = (
        prediction.beats_rivals(tested),
        prediction.needs_inputs(tested),
        white_innovations(Steps.of(test), step, noise),
        rollout_verdict(rollouts_over_horizon(step, others, test), train.delta_t),
        halves_verdict(found),
        shifted_inputs(terms, synapses, seed),
        *again,
    )
    return Trust(verdicts, trust_score(net, recorded, found))


def trust_score(net: SignalGNN, recorded: Mapping[str, Recorded], found: Halves) -> float:
    """The mean of three numbers between 0 and 1, from training and validation frames alone.

    How close the network comes to the next frame and, in rollouts, to later ones, as 1 / (1 + its error over that of
    the best rival), and how close its weights are to those of both halves of the training frames.
    """
    train, validation = recorded["train"], recorded["validation"]
    step, others = network_step(net, train.delta_t), rivals(train, validation)
    validated = one_step({"network": step, **others}, train, validation)
    ahead = rollouts_over_horizon(step, others, validation)
    parts = (closeness([1 - validated.skill]), closeness(list(ahead.ratios.values())), found.agreement)
    return sum(parts) / len(parts)
