"""A name for a sweep folder that the same command finds again: a hash of what makes a sweep this sweep and no other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

DIGITS = 8
IDENTITY = ("metric", "direction", "target", "params", "block_params", "trial_overrides", "seed_keys")


def search_hash(search: Mapping[str, Any], application: Mapping[str, Any] | None = None) -> str:
    """Eight hexadecimal digits over the declared space and objective of an application's `search` node, and over those
    parts of its configuration that every trial shares (`application`): another network is another sweep.

    An application registers it as a resolver, for example
    `OmegaConf.register_new_resolver("search_hash", lambda *, _root_: search_hash(to_container(_root_.search)))`, and
    writes `hydra.sweep.dir: outputs/sweeps/name-${search_hash:}`.
    """
    core = {name: search.get(name) for name in IDENTITY}
    text = json.dumps([core, dict(application or {})], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
