"""Whether a run goes to W&B at once or into a folder: a decision that both towers share. Standard library only."""

from __future__ import annotations

import netrc
import os
from pathlib import Path

from hydra_llm.choice import check_choice

MODES = ("auto", "online", "offline")
HOST = "api.wandb.ai"


def choose_mode(wanted: str) -> str:
    """online, offline or disabled. auto: online with a login or key, offline without; WANDB_MODE in the environment
    wins. Raises ValueError for another word.
    """
    check_choice("logger.wandb.mode", wanted, MODES)
    forced = os.environ.get("WANDB_MODE")
    if forced:
        return "offline" if forced == "dryrun" else forced  # Lightning's word for it
    return wanted if wanted != "auto" else "online" if has_login() else "offline"


def has_login() -> bool:
    """Whether a key is in the environment or in the netrc file, where `wandb login` puts it."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    path = Path(os.environ.get("NETRC", Path.home() / ".netrc"))
    try:
        return netrc.netrc(path).authenticators(HOST) is not None
    except (OSError, netrc.NetrcParseError):
        return False
