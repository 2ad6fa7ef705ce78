"""What a substrate contributes to the rate of a reaction, as a learned function of its concentration and order.

Both forms give log F(c, s) for every metabolite and every order s that occurs, so that the sum over the substrates of
all reactions is one matrix product. orders [order] are the distinct substrate orders of the network.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from hydra_llm.choice import check_choice
from hydra_llm.nn.mlp import MLP

SMALLEST = 1e-8  # concentrations and factors below it count as this much in a logarithm
EXPONENT = (0.3, 0.9)  # of c, at the start


class LogSubstrate(nn.Module):
    """log F = perceptron((log c - mean) / sd, s), v = exp(sum log F).

    Mass action (log F = s log c) is one setting of its linear path, and a rate falls to zero with its substrate. F
    starts as a power of c with a random exponent in (0.3, 0.9): rates rise with their substrates, how is to be found.
    A start without any slope ends in a local minimum in one case of four.

    Below a floor F falls as a power of c, its order the exponent: a noisy recording says nothing of F there, and a
    perceptron that is left to itself may say anything.
    """

    orders: Tensor
    log_mean: Tensor
    log_sd: Tensor
    log_floor: Tensor

    def __init__(self, orders: Tensor, *, generator: torch.Generator, **mlp: Any) -> None:
        super().__init__()
        self.mlp = MLP(n_in=2, n_out=1, linear_path=True, generator=generator, **mlp)
        self.register_buffer("orders", orders)
        self.register_buffer("log_mean", torch.zeros(()))
        self.register_buffer("log_sd", torch.ones(()))
        self.register_buffer("log_floor", torch.tensor(math.log(SMALLEST)))
        self.reset(generator)

    def scaled(self, c: Tensor) -> Tensor:
        """What the perceptron sees of a concentration, elementwise."""
        return (c.clamp_min(SMALLEST).log() - self.log_mean) / self.log_sd

    def of_scaled(self, x: Tensor) -> Tensor:
        """log F [..., order] at scaled concentrations x [...]."""
        above = self.mlp(self.inputs(x)).squeeze(-1)
        return above + self.orders * (self.log_sd * (x - self._low).clamp_max(0)).unsqueeze(-1)

    def inputs(self, x: Tensor) -> Tensor:
        """What the perceptron is given at scaled concentrations x [...]: [..., order, 2]."""
        return _with_orders(x.maximum(self._low), self.orders)

    @property
    def _low(self) -> Tensor:
        """The floor, scaled."""
        return (self.log_floor - self.log_mean) / self.log_sd

    def log_factor(self, c: Tensor) -> Tensor:
        """log F(c, s) [..., metabolite, order] at concentrations c [..., metabolite]."""
        return self.of_scaled(self.scaled(c))

    def rate(self, log_product: Tensor) -> Tensor:
        """Rates per unit of their constants from sums of log F over substrates, elementwise."""
        return log_product.exp()

    def set_scale(self, c: Tensor) -> None:
        """Fit the scale of the inputs to recorded concentrations [frame, metabolite].

        What was recorded below zero shows how small concentrations are not resolved: the floor is as far above it.
        """
        self.set_floor(-float(c.min()))
        logs = c.clamp_min(SMALLEST).log().maximum(self.log_floor)
        sd = logs.std().clamp_min(1e-6)
        with torch.no_grad():
            self._slope().mul_(sd / self.log_sd)  # the exponent stays
        self.log_mean.copy_(logs.mean())
        self.log_sd.copy_(sd)

    def set_floor(self, floor: float) -> None:
        """The concentration below which F falls as a power; what is smaller than SMALLEST counts as that."""
        self.log_floor.fill_(math.log(max(floor, SMALLEST)))

    def reset(self, generator: torch.Generator) -> None:
        self.mlp.reset(generator)
        low, high = EXPONENT
        with torch.no_grad():
            drawn = torch.rand((), generator=generator, dtype=torch.float64)
            self._slope().copy_(self.log_sd * (low + (high - low) * drawn))

    def _slope(self) -> Tensor:
        """d log F / d x of the linear path, a view."""
        assert self.mlp.linear is not None  # built with a linear path
        return self.mlp.linear.weight[0, 0]


class SoftplusSubstrate(nn.Module):
    """The published form: F = |perceptron(c / scale, s)|, v = softplus(prod F).

    softplus(0) = log 2: a reaction whose substrate is used up still runs at 0.69 k. Kept for comparison.
    """

    orders: Tensor
    scale: Tensor

    def __init__(self, orders: Tensor, **mlp: Any) -> None:
        super().__init__()
        self.mlp = MLP(n_in=2, n_out=1, linear_path=False, **mlp)
        self.register_buffer("orders", orders)
        self.register_buffer("scale", torch.ones(()))

    def log_factor(self, c: Tensor) -> Tensor:
        message = self.mlp(_with_orders(c / self.scale, self.orders)).squeeze(-1)
        return message.abs().clamp_min(SMALLEST).log()

    def rate(self, log_product: Tensor) -> Tensor:
        return nn.functional.softplus(log_product.exp())

    def set_scale(self, c: Tensor) -> None:
        self.scale.copy_((1.5 * c.std()).clamp_min(1e-6))

    def reset(self, generator: torch.Generator) -> None:
        self.mlp.reset(generator)


FORMS: dict[str, type[LogSubstrate] | type[SoftplusSubstrate]] = {"log": LogSubstrate, "softplus": SoftplusSubstrate}


def substrate_function(form: str, orders: Tensor, **mlp: Any) -> LogSubstrate | SoftplusSubstrate:
    """The substrate function of that form; mlp: hidden_dim, n_layers, activation, generator."""
    check_choice("substrate_form", form, FORMS)
    return FORMS[form](orders, **mlp)


def _with_orders(x: Tensor, orders: Tensor) -> Tensor:
    """Features (x, s) [..., order, 2] of values x [...]."""
    shape = (*x.shape, len(orders))
    return torch.stack([x.unsqueeze(-1).expand(shape), orders.expand(shape)], dim=-1)
