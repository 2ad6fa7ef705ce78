"""Lightning without its announcements: devices and tips at each Trainer, and warnings of what is meant here."""

import contextlib
import logging
import warnings
from collections.abc import Iterator

LOGGERS = ("lightning.pytorch", "lightning.fabric")
MEANT = (
    r".*LeafSpec",  # Lightning 2.6 on torch 2.13
    r"Couldn't infer the batch indices",  # segments of a simulation have none
    r".*does not have many workers",  # one batch, in memory
    r".*exists and is not empty",  # a resumed run folder
    r".*is not configured with a `batch_size`",
    r"The `srun` command is available",  # a launcher decides what runs under SLURM
    r"Sparse CSR tensor support is in beta",
)


@contextlib.contextmanager
def quiet_lightning() -> Iterator[None]:
    """Inside the block Lightning speaks up only when something is wrong."""
    levels = {name: logging.getLogger(name).level for name in LOGGERS}
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            for message in MEANT:
                warnings.filterwarnings("ignore", message=message)
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
