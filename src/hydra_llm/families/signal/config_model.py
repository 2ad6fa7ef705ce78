"""conf/model: keys of what is learned."""

from dataclasses import dataclass

from hydra_llm.schema.fields import key


@dataclass
class SignalGNN:
    """The graph network of the signal family (hydra_llm.models.signal_gnn)."""

    hidden_dim: int = key(32, help="units per hidden layer of the message and update functions", low=1)
    n_layers: int = key(3, help="linear layers of each function", low=2)
    activation: str = key("tanh", help="between the layers", choices=("tanh", "silu", "gelu", "relu"))
    embedding_dim: int = key(0, help="learned dimensions per neuron; 0: one type, functions shared by all", low=0)
    embedding_scale: float = key(0.1, help="standard deviation of the embedding at the start", low=0)
    W_init_scale: float = key(1.0, help="standard deviation of W at the start, times sqrt(n_neurons)", low=0)
