"""A stimulus that was not recorded, as a function of place and time: I = siren(x, y, t)^2.

Sitzmann et al. (2020): sines between the layers, the first at a high frequency omega, so that a small network can hold
a video. The square keeps the luminance from being negative, as published.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn


class ImplicitStimulus(nn.Module):
    """Luminance at the columns of the input neurons.

    column [input, 2]: axial hex coordinates; neurons of one column see the same. duration: length of the recording in
    seconds. omega: largest angular frequency over half the recording.
    """

    place: Tensor
    column_of_input: Tensor

    def __init__(
        self,
        column: Tensor,
        *,
        duration: float,
        hidden_dim: int,
        n_layers: int,
        omega: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        if n_layers < 2 or hidden_dim < 1:
            raise ValueError(f"n_layers must be at least 2 and hidden_dim at least 1, got {n_layers} and {hidden_dim}.")
        if not duration > 0:
            raise ValueError(f"duration must be above 0 s, got {duration} s.")
        distinct, column_of_input = torch.unique(column, dim=0, return_inverse=True)
        u, v = distinct.double().T
        place = torch.stack([u + v / 2, v * math.sqrt(3) / 2], dim=1)
        place = place / place.abs().max().clamp_min(1)
        self.register_buffer("place", place.float(), persistent=False)  # [column, 2]
        self.register_buffer("column_of_input", column_of_input, persistent=False)
        self.duration, self.omega = duration, omega
        widths = [3, *[hidden_dim] * (n_layers - 1), 1]
        self._linear = [nn.Linear(a, b) for a, b in pairwise(widths)]
        self.layers = nn.ModuleList(self._linear)  # the same, known to torch
        self.reset(generator)

    def reset(self, generator: torch.Generator) -> None:
        """First layer uniform within 1 (x, y) and omega (t), others within sqrt(6 / fan_in), as SIREN prescribes; the
        last a tenth of that, because a square is steep."""
        with torch.no_grad():
            for k, layer in enumerate(self._linear):
                bound = math.sqrt(6 / layer.in_features)
                for values, limit in ((layer.weight, bound), (layer.bias, math.pi if k == 0 else 0.1)):
                    drawn = 2 * torch.rand(values.shape, generator=generator, dtype=torch.float64) - 1
                    values.copy_(drawn * limit)
            self._linear[0].weight[:, :2] *= math.pi
            self._linear[0].weight[:, 2] *= self.omega
            self._linear[-1].weight *= 0.1
            self._linear[-1].bias.fill_(0.7)  # a grey of about 0.5 before any fit

    def forward(self, time: Tensor) -> Tensor:
        """Luminance [frame, input] at times [frame] in seconds."""
        t = 2 * time / self.duration - 1
        n_frames, n_columns = len(t), len(self.place)
        place = self.place.to(t.dtype).expand(n_frames, -1, -1)
        h = torch.cat([place, t[:, None, None].expand(n_frames, n_columns, 1)], dim=-1)
        for layer in self._linear[:-1]:
            h = torch.sin(layer(h))
        return self._linear[-1](h).squeeze(-1).square()[:, self.column_of_input]
