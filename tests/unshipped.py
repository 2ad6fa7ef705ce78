"""Published files that some tests read and the repository does not ship: where they lie, and how to get them.

Each stands under its name in the folder that the environment variable HYDRA_LLM_DATA names, or else in the user's cache
of this project. A test that needs one skips where it is in neither, with a sentence on how to get it.
"""

import os
from pathlib import Path

import pytest

VARIABLE = "HYDRA_LLM_DATA"
CONNECTOME = "fib25-fib19_v2.2.json"
TRAINED = "flyvis_flow_0000_000.pt"
CONVERSATION = "conversation_metabolism"

SOURCES = {
    CONNECTOME: "`python train.py simulation=flyvis_scenes` fetches it into the cache, once.",
    TRAINED: "It is flow/0000/000/best_chkpt of the networks that `flyvis download-pretrained` fetches; copy it there.",
}


def unshipped(name: str) -> Path:
    """The file of that name in SOURCES; skips the test where it is not there."""
    folders = places()
    found = next((folder / name for folder in folders if (folder / name).is_file()), None)
    if found is None:
        where = " or ".join(str(folder) for folder in folders)
        pytest.skip(f"There is no {name} in {where}. {SOURCES[name]}")
    return found


def recorded_conversation() -> Path:
    """The folder of the questions and answers of a sweep by a model; skips the test where the variable names none."""
    folder = Path(os.environ.get(VARIABLE) or ".").expanduser().absolute() / CONVERSATION
    if not (folder / "answer_000.json").is_file():
        pytest.skip(f"There is no recorded conversation {folder}. Set {VARIABLE} to the folder that holds it.")
    return folder


def places() -> list[Path]:
    """The folder that the variable names, if it is set, and the cache."""
    pytest.importorskip("torch", reason="the science extra is not installed")
    from hydra_llm.families.flyvis.system.source import cache_folder

    named = os.environ.get(VARIABLE)
    if not named:
        return [cache_folder()]
    folder = Path(named).expanduser().absolute()
    if not folder.is_dir():
        pytest.fail(f"{VARIABLE} must name a folder, got {named}. Correct it, or unset it to look in the cache alone.")
    return [folder, cache_folder()]
