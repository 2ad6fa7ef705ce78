"""Named random streams: one generator per purpose.

Every purpose draws from a generator of its own, seeded by a hash of (seed, name). A model that is initialised with the
seed of the simulation therefore cannot start at the true connectivity, and one more noise draw does not move the
initial state of the test trajectory. The names live here, below models and modules, so that all floors share them.
"""

import hashlib

import torch

# A purpose may be narrowed by a slash: "process_noise/train", "initial_state/test".
PURPOSES = (
    "connectivity",
    "types",
    "stoichiometry",
    "rate_constants",
    "ablation",
    "hidden_edges",
    "null_edges",
    "hidden_units",
    "initial_state",
    "process_noise",
    "measurement_noise",
    "external_input",
    "model_init",
    "batch_order",
    "training_noise",
    "controls",
    "bootstrap",
)


def stream_seed(seed: int, name: str) -> int:
    """The 32 bits that seed the stream. More would be lost: torch's CPU generator reads no more of its seed."""
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise TypeError(f"seed must be a whole number, got {seed!r}.")
    purpose = name.split("/", 1)[0]
    if purpose not in PURPOSES:
        raise ValueError(f"The name of a random stream must begin with one of {', '.join(PURPOSES)}, got {name!r}.")
    digest = hashlib.blake2b(f"{seed}\n{name}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big")


def stream(seed: int, name: str) -> torch.Generator:
    """A fresh CPU generator for one purpose.

    Equal (seed, name) give equal draws; any other name gives unrelated ones. Draw on the CPU and move the result, so
    that a truth does not depend on the accelerator.
    """
    return torch.Generator(device="cpu").manual_seed(stream_seed(seed, name))
