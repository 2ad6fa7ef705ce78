"""Parameters of the network as flyvis shares them: per cell type, per pair of types, per pair and offset.

    W_ij = sign(pair) * syn_count(pair, offset) * max(syn_strength(pair), 0)

default: flyvis's distribution before training. varied: the same connectome with types that differ, for users without a
trained network. high_bias: as varied, around the bias before training. A path: a trained network of flyvis, mapped by
the names of what it shares, so that parameters trained at extent 15 serve an eye of any extent.
"""

import hashlib
import math
import pickle
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Generator, Tensor

from hydra_llm.families.flyvis.system.connectome import Connectome

BIAS_MEAN, BIAS_SD = 0.5, 0.05
TIME_CONST = 0.05  # seconds
STRENGTH = 0.01  # of all synapses of a pair, divided by their mean count
# varied: see docs/decisions/0041-parameters-of-an-untrained-eye.md
VARIED_BIAS_MEAN, VARIED_BIAS_SD = 0.2, 0.2
VARIED_TIME_CONST = (0.02, 0.32)  # seconds; those of a trained network lie between these
VARIED_STRENGTH, VARIED_STRENGTH_SPREAD = 2.5 * STRENGTH, 0.5
HIGH_BIAS_STRENGTH = 3 * STRENGTH
_KEYS = ("nodes_bias", "nodes_time_const", "edges_sign", "edges_syn_count", "edges_syn_strength")
_COUNT_TOLERANCE = 1e-4  # of log synapse counts, which flyvis keeps in float32


class CheckpointError(ValueError):
    """A trained network cannot be read or belongs to another connectome."""


@dataclass(frozen=True)
class Parameters:
    """Shared parameters in float64. origin: where they come from, for the record."""

    origin: str
    bias: Tensor  # [type]
    time_const: Tensor  # [type], seconds
    syn_count: Tensor  # [offset]
    syn_strength: Tensor  # [pair]

    def weights(self, connectome: Connectome) -> Tensor:
        """W [edge]."""
        sign = torch.from_numpy(connectome.pair_sign)[connectome.edge_pair]
        strength = self.syn_strength.clamp(min=0)[connectome.edge_pair]
        return sign * self.syn_count[connectome.edge_offset] * strength


def default_parameters(connectome: Connectome, generator: Generator) -> Parameters:
    """flyvis's initial distribution: bias ~ N(0.5, 0.05), tau = 50 ms, strength 0.01 / mean count over the edges."""
    n_types = len(connectome.type_names)
    count = torch.from_numpy(connectome.syn_count)
    pair = torch.from_numpy(connectome.edge_pair)
    edges = torch.zeros(len(connectome.pairs), dtype=torch.float64)
    total = edges.clone().index_add_(0, pair, count[connectome.edge_offset])
    edges.index_add_(0, pair, torch.ones(len(pair), dtype=torch.float64))
    return Parameters(
        origin="default",
        bias=BIAS_MEAN + BIAS_SD * torch.randn(n_types, generator=generator, dtype=torch.float64),
        time_const=torch.full((n_types,), TIME_CONST, dtype=torch.float64),
        syn_count=count,
        syn_strength=STRENGTH * edges / total,
    )


def varied_parameters(connectome: Connectome, generator: Generator) -> Parameters:
    """Types and pairs that differ: bias ~ N(0.2, 0.2), tau log-uniform in 20-320 ms, log-normal strengths.

    Before training, no voltage falls below zero and all time constants are equal: the network is linear, and tau cannot
    be scored. These parameters silence neurons at times, as training does, and stay stable.
    """
    return _spread("varied", connectome, generator, bias_mean=VARIED_BIAS_MEAN, strength=VARIED_STRENGTH)


def high_bias_parameters(connectome: Connectome, generator: Generator) -> Parameters:
    """The same around the bias before training, N(0.5, 0.2), with stronger synapses: few voltages fall below zero."""
    return _spread("high_bias", connectome, generator, bias_mean=BIAS_MEAN, strength=HIGH_BIAS_STRENGTH)


def _spread(
    origin: str, connectome: Connectome, generator: Generator, *, bias_mean: float, strength: float
) -> Parameters:
    default = default_parameters(connectome, generator)
    n_types, n_pairs = len(connectome.type_names), len(connectome.pairs)
    low, high = (math.log(tau) for tau in VARIED_TIME_CONST)
    tau = low + (high - low) * torch.rand(n_types, generator=generator, dtype=torch.float64)
    spread = VARIED_STRENGTH_SPREAD * torch.randn(n_pairs, generator=generator, dtype=torch.float64)
    return Parameters(
        origin=origin,
        bias=bias_mean + VARIED_BIAS_SD / BIAS_SD * (default.bias - BIAS_MEAN),
        time_const=tau.exp(),
        syn_count=default.syn_count,
        syn_strength=strength / STRENGTH * default.syn_strength * spread.exp(),
    )


def trained_parameters(path: Path, connectome: Connectome, complete: Connectome) -> Parameters:
    """A checkpoint of flyvis at the extent of `connectome`.

    complete: the same wiring rules at an extent where every pair and offset has an edge; a checkpoint lists its values
    in that order. Its signs and counts have to be those of the wiring rules, else it is of another network.
    """
    network, sha256 = _read(path)
    expected = {
        "nodes_bias": len(complete.type_names),
        "nodes_time_const": len(complete.type_names),
        "edges_sign": len(complete.pairs),
        "edges_syn_count": len(complete.offsets),
        "edges_syn_strength": len(complete.pairs),
    }
    for key, size in expected.items():
        if network[key].shape != (size,):
            raise CheckpointError(
                f"{path} belongs to another network: {key} has shape {tuple(network[key].shape)}, this connectome has "
                f"({size},). Give a checkpoint trained on this connectome, or simulation.parameters=varied."
            )
    sign = torch.from_numpy(complete.pair_sign)
    log_count = torch.from_numpy(complete.syn_count).log()
    wrong = int((network["edges_sign"] != sign).sum())
    off = int(((network["edges_syn_count"] - log_count).abs() > _COUNT_TOLERANCE).sum())
    if wrong or off:
        raise CheckpointError(
            f"{path} belongs to another network: {wrong} of {len(sign)} signs and {off} of {len(log_count)} synapse "
            "counts differ from the connectome. Give a checkpoint trained on this connectome."
        )
    pair_at = {pair: k for k, pair in enumerate(complete.pairs)}
    offset_at = {offset: k for k, offset in enumerate(complete.offsets)}
    return Parameters(
        origin=f"checkpoint {path.name}, sha256 {sha256}",
        bias=network["nodes_bias"],
        time_const=network["nodes_time_const"],
        syn_count=network["edges_syn_count"].exp()[[offset_at[offset] for offset in connectome.offsets]],
        syn_strength=network["edges_syn_strength"][[pair_at[pair] for pair in connectome.pairs]],
    )


def _read(path: Path) -> tuple[dict[str, Tensor], str]:
    """The tensors of the network in float64, and the hash of the file. Unpickles tensors and containers only."""
    try:
        content = path.read_bytes()
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise CheckpointError(
            f"simulation.parameters={path} cannot be read ({error.strerror or error}). Give varied, high_bias, default "
            "or the path of a trained flyvis network."
        ) from error
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{path} is not a checkpoint of flyvis that can be loaded safely ({reason}).") from error
    network = loaded.get("network") if isinstance(loaded, dict) else None
    missing = [key for key in _KEYS if not isinstance(network, dict) or not isinstance(network.get(key), Tensor)]
    if network is None or missing:
        raise CheckpointError(
            f"{path} is not a checkpoint of flyvis: it lacks {', '.join(missing)} under `network`. Give varied, "
            "default or the path of a trained flyvis network."
        )
    tensors = {key: network[key].double() for key in _KEYS}
    for key, tensor in tensors.items():
        if not tensor.isfinite().all():
            raise CheckpointError(f"{path} holds values in {key} that are not finite. Give another checkpoint.")
    return tensors, hashlib.sha256(content).hexdigest()
