"""Ideas for the loss of phase 2, in place of a language model: better, useless, crashing and cheating ones.

Every idea is a whole file that starts anew from the configured loss; `Ideas` gives them in the order that
hydra.sweeper.llm.script names, with the repairs of those that crash.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from hydra_llm.llm.base import Answer, Client, OnText, Request
from hydra_llm.llm.errors import Unavailable
from hydra_llm.llm.json_extraction import answer_from_text
from hydra_llm.llm.settings import LlmSettings
from hydra_llm.search.evolution.answer import CANNOT_FIX


def strategy(body: str, head: str = "", horizon: str = "") -> str:
    """A file with this body of the method `loss`."""
    lines = "".join(f"        {line}\n" if line else "\n" for line in body.strip("\n").splitlines())
    return f"{head}class Strategy:\n{horizon}    def loss(self, model, batch, step):\n{lines}"


TORCH = "import torch\n\n\n"
FIRST = strategy("return step.configured()")
GOOD = {
    # the configured rollouts are Euler steps, whose bias is larger than homeostasis
    "left_over": strategy(
        """
u, external = batch.state(), batch.input()
with torch.no_grad():
    left_over = batch.target - model.reaction(u, external)
return (model.node(u, external) - left_over).pow(2).mean() / left_over.pow(2).mean()
""",
        TORCH,
    ),
    "heun": strategy(
        """
now = model(batch.state(), batch.input())
ahead = model(batch.state() + batch.delta_t * now, batch.input(1))
change = (batch.state(1) - batch.state()) / batch.delta_t
return 1e6 * (0.5 * (now + ahead) - change).pow(2).mean()
""",
        horizon="    horizon = 1\n\n",
    ),
}
USELESS = {
    "logarithm": strategy("return step.configured().log1p()"),
    "late": strategy("return (0.5 + step.progress) * step.configured()"),
}
CRASHING = {
    # the network of the interface test has parameters(), the view of phase 2 has not
    "weight_decay": strategy("return step.configured() + 1e-3 * sum(p.pow(2).sum() for p in model.parameters())"),
    "sparse_weights": strategy("return step.configured() + 1e-3 * model.W.abs().mean()"),
}
REPAIRS = {
    "weight_decay": (
        strategy("return step.configured() + 1e-3 * sum(p.pow(2).sum() for p in model.state_dict().values())"),
        strategy("return step.configured() + 1e-3 * model.embedding.a.pow(2).sum()"),
    ),
    "sparse_weights": (CANNOT_FIX,),
}
CHEATING = {
    "reads_the_types": strategy("return step.configured() + (model.embedding.a[:, 0] - model.types).pow(2).mean()"),
    "opens_a_file": strategy("return step.configured() * float(open('truth/types.npy').read() == '')"),
    "imports_os": strategy("return step.configured() * len(os.environ)", "import os\n\n\n"),
    "never_ends": strategy("while step.progress < 2:\n    pass\nreturn step.configured()"),
    "takes_50_gb": strategy("return step.configured() + torch.ones(50 * 10**9 // 4).sum()", TORCH),
    "is_no_number": strategy("return step.configured() * float('nan')"),
    "is_detached": strategy("return step.configured().detach()"),
    "patches_a_metric": strategy("model.node.metric = lambda *lines: 1.0\nreturn step.configured()"),
}
IDEAS = {**GOOD, **USELESS, **CRASHING, **CHEATING}


@dataclass
class Ideas(Client):
    """order: names of ideas. The model is a script with a memory: it knows what it was asked to mend."""

    order: Sequence[str]

    def __post_init__(self) -> None:
        self._ideas = iter(self.order)
        self._repairs: Mapping[str, Iterator[str]] = {name: iter(found) for name, found in REPAIRS.items()}

    @classmethod
    def from_settings(cls, settings: LlmSettings) -> Self:
        return cls(settings.script)

    @property
    def model(self) -> str:
        return "script"

    def complete(self, request: Request, on_text: OnText | None = None) -> Answer:
        """Raises Unavailable when every idea was given."""
        assert request.schema is not None
        parent = request.schema["properties"]["parent"]["enum"][0]
        question = request.messages[1].text
        crashed = next((name for name in REPAIRS if f"An idea: {name}." in question and CANNOT_FIX in question), None)
        name = crashed or next(self._ideas, "")
        if not name:
            raise Unavailable("The script has no further idea.")
        file = next(self._repairs[crashed], CANNOT_FIX) if crashed else IDEAS[name]
        words = {"hypothesis": f"An idea: {name}.", "rationale": "It stands in a list."}
        end = {"file": None, "give_up": CANNOT_FIX} if file == CANNOT_FIX else {"file": file, "give_up": None}
        return answer_from_text(json.dumps({"parent": parent, **words, "edits": [], **end}), request, self.model)
