"""The observations of a dataset with its training frames resampled in blocks: what another recording could have been.

Blocks keep what noise remembers from frame to frame (Kuensch 1989, Annals of Statistics 17, 1217).
"""

import json
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np

from hydra_llm.data.observations import FOLDER, Observations

BLOCKS = 20  # of the training frames
LEAST = 20  # frames of a block


def resampled(dataset: Path, folder: Path, draws: np.random.Generator) -> Path:
    """Write `folder`, a dataset of observations alone whose training blocks are drawn with replacement, each a sequence
    of its own. The other splits are those of `dataset`.
    """
    observations = Observations.open(dataset)
    own, structure = folder / FOLDER, dict.fromkeys(observations.meta.get("structure", ()))
    shutil.copytree(observations.path, own, ignore=shutil.ignore_patterns("train"), copy_function=_linked)
    starts = observations.structure("sequence_start_train").numpy() if "sequence_start_train" in structure else [0]
    n_frames = observations.meta["n_frames"]["train"]
    blocks = _blocks([*np.asarray(starts).tolist(), n_frames])
    chosen = [blocks[k] for k in draws.integers(len(blocks), size=len(blocks))]
    frames = np.concatenate([np.arange(start, stop) for start, stop in chosen])
    lengths = [stop - start for start, stop in chosen]
    (own / "train").mkdir(parents=True)
    for name in observations.meta["arrays"]:
        stored = np.load(observations.path / "train" / f"{name}.npy", mmap_mode="r")
        np.save(own / "train" / f"{name}.npy", stored[frames])
    (own / "structure").mkdir(exist_ok=True)
    place = own / "structure" / "sequence_start_train.npy"
    place.unlink(missing_ok=True)  # a link: what it names stays as it is
    np.save(place, np.cumsum([0, *lengths[:-1]]))
    structure["sequence_start_train"] = None
    meta = {
        **observations.meta,
        "n_frames": {**observations.meta["n_frames"], "train": len(frames)},
        "structure": list(structure),
    }
    (own / "meta.json").unlink()
    (own / "meta.json").write_text(json.dumps(meta))
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
