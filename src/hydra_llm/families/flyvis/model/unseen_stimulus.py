"""A flyvis network that is not told the stimulus: it learns the input of its input neurons as a function of time."""

from torch import Tensor, nn

from hydra_llm.families.flyvis.model.gnn import FlyvisGNN
from hydra_llm.families.flyvis.model.implicit_stimulus import ImplicitStimulus


class UnseenStimulusGNN(nn.Module):
    """`net` with external = stimulus(time). In place of the input, its methods take times [batch, 1] in seconds.

    What was learned about the network is net's; with a known stimulus net predicts on its own.
    """

    def __init__(self, net: FlyvisGNN, stimulus: ImplicitStimulus) -> None:
        super().__init__()
        self.net, self.stimulus = net, stimulus

    def __getattr__(self, name: str):  # penalties and snapshots ask for the parts of the network
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("net"), name)

    def parts(self) -> dict[str, list[nn.Parameter]]:
        """What can be given learning rates of its own: those of the network, and the stimulus."""
        return {**self.net.parts(), "stimulus": list(self.stimulus.parameters())}

    def forward(self, v: Tensor, time: Tensor) -> Tensor:
        """dv/dt [batch, neuron] at states v [batch, neuron] recorded at times [batch, 1]."""
        return self.net(v, self.stimulus(time.squeeze(-1)))
