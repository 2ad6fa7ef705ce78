"""Weights & Biases without a login: offline, said in one line, never a prompt."""

import logging
import netrc
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import WandbLogger

log = logging.getLogger(__name__)

MODES = ("auto", "online", "offline")
_HOST = "api.wandb.ai"


def wandb_logger(
    *, project: str, entity: str | None, group: str | None, tags: Sequence[str], mode: str, save_dir: str
) -> Any:
    """A WandbLogger. mode auto: online with a login or key, offline without; WANDB_MODE in the environment wins."""
    if mode not in MODES:
        raise ValueError(f"logger.wandb.mode={mode!r} is unknown. Choose one of: {', '.join(MODES)}.")
    chosen = os.environ.get("WANDB_MODE") or (mode if mode != "auto" else "online" if has_login() else "offline")
    if chosen == "offline" and mode == "auto" and not os.environ.get("WANDB_MODE"):
        log.info("No W&B login found: logging offline to %s/wandb; `wandb sync` uploads it later.", save_dir)
    os.environ.setdefault("WANDB_SILENT", "true")
    return WandbLogger(
        project=project,
        entity=entity,
        group=group,
        tags=list(tags),
        offline=chosen != "online",
        save_dir=save_dir,
        log_model=False,
        settings=_settings(),
    )


def has_login() -> bool:
    """Whether a key is in the environment or in the netrc file, where `wandb login` puts it."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    path = Path(os.environ.get("NETRC", Path.home() / ".netrc"))
    try:
        return netrc.netrc(path).authenticators(_HOST) is not None
    except (OSError, netrc.NetrcParseError):
        return False


def _settings() -> Any:
    import wandb

    return wandb.Settings(console="off", x_disable_stats=True)
