"""The observations of a dataset with its training frames resampled in blocks: what another recording could have been.

Blocks keep what noise remembers from frame to frame (Kuensch 1989, Annals of Statistics 17, 1217).
"""

import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from hydra_llm.data.files import ArrayFile, read_array, write_json, write_tensors
from hydra_llm.data.observations import FOLDER, Observations

STARTS = "sequence_start_train"
BLOCKS = 20  # of the training frames
LEAST = 20  # frames of a block


def resampled(dataset: Path, folder: Path, draws: np.random.Generator) -> Path:
    """Write `folder`, a dataset of observations alone whose training blocks are drawn with replacement, each a sequence
    of its own. The other splits are those of `dataset`.
    """
    observations = Observations.open(dataset)
    own, structure = folder / FOLDER, [name for name in observations.meta["structure"] if name != STARTS]
    shutil.copytree(observations.path, own, ignore=shutil.ignore_patterns("train"), copy_function=_linked)
    starts = observations.structure(STARTS).tolist() if STARTS in observations.meta["structure"] else [0]
    blocks = _blocks([*starts, observations.meta["n_frames"]["train"]])
    chosen = [blocks[k] for k in draws.integers(len(blocks), size=len(blocks))]
    first = np.cumsum([0, *(stop - start for start, stop in chosen)])  # of each block, and their end
    for name in observations.meta["arrays"]:
        stored = read_array(observations.path / "train" / f"{name}.npy")
        file = ArrayFile(own / "train" / f"{name}.npy", (int(first[-1]), *stored.shape[1:]), stored.dtype)
        for at, (start, stop) in zip(first.tolist(), chosen, strict=False):
            file.append(at, stored[start:stop])
        file.close()
    for replaced in (own / "meta.json", own / "structure" / f"{STARTS}.npy"):
        replaced.unlink(missing_ok=True)  # a link: what it names stays as it is
    write_tensors(own / "structure", {STARTS: torch.from_numpy(first[:-1])})
    n_frames = {**observations.meta["n_frames"], "train": int(first[-1])}
    write_json(own / "meta.json", {**observations.meta, "n_frames": n_frames, "structure": [*structure, STARTS]})
    return folder


def _blocks(edges: list[int]) -> list[tuple[int, int]]:
    """(start, stop) of blocks within sequences that begin at `edges`, which ends with the number of frames."""
    length = max(LEAST, edges[-1] // BLOCKS)
    found = []
    for start, stop in pairwise(edges):
        n = max(1, round((stop - start) / length))
        cuts = np.linspace(start, stop, n + 1).round().astype(int).tolist()
        found += list(pairwise(cuts))
    return found


def _linked(source: str, target: str) -> str:
    """Without a second copy of the data, where the file system has links."""
    try:
        Path(target).hardlink_to(source)
    except OSError:
        shutil.copy2(source, target)
    return target
