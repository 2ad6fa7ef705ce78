"""Does the network predict held-out frames better than models without a mechanism, and by its weights?"""

import torch
from torch import Tensor

from hydra_llm.families.signal.model.gnn import SignalGNN
from hydra_llm.families.signal.recorded.predictions import RIVALS, HeldOut, Next
from hydra_llm.families.signal.recorded.trust.verdict import TrustVerdict, judged

SHUFFLED = "shuffled"


def shuffled_inputs(net: SignalGNN, step: Next, delta_t: float) -> Next:
    """The same prediction with what each unit receives taken from another frame, half the recording away."""

    def predict(u: Tensor, external: Tensor | None) -> Tensor:
        with torch.no_grad():
            received = (net.message(u.to(net.W.dtype)) @ net.connectivity().T).double()
        return step(u, external) + delta_t * (received.roll(len(u) // 2, dims=0) - received)

    return predict


def beats_rivals(held_out: HeldOut) -> TrustVerdict:
    """On the test frames, against RIVALS."""
    best = max(RIVALS, key=lambda name: held_out.likelihood[name])
    gain = held_out.likelihood["network"] - held_out.likelihood[best]
    told = ", ".join(f"{words}: {held_out.likelihood[name]:.4g}" for name, words in RIVALS.items())
    sentence = (
        f"Log likelihood of the test frames, per unit and frame: {held_out.likelihood['network']:.4g} nats; {told}. "
        f"The gain over the best of these is {gain:.3g}."
    )
    return judged("Prediction", gain > 0 and held_out.skill > 0, sentence, {"test_likelihood_gain": gain})


def needs_inputs(held_out: HeldOut) -> TrustVerdict:
    """On the test frames, against itself with inputs of other frames."""
    gain = held_out.likelihood["network"] - held_out.likelihood[SHUFFLED]
    ratio = held_out.errors[SHUFFLED] / max(held_out.errors["network"], 1e-300)
    sentence = (
        f"With what a unit receives taken from other frames the mean square error is {_factor(ratio)} as large: "
        + ("the weights carry the prediction." if gain > 0 else "the weights add nothing to the prediction.")
    )
    return judged("Inputs", gain > 0, sentence, {"test_input_gain": gain})


def _factor(ratio: float) -> str:
    return f"{ratio:.2f} times" if ratio < 100 else f"{ratio:.1e} times"
