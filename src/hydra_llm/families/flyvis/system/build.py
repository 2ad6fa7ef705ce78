"""From flat published keys to a FlyvisSystem: the target of conf/simulation/flyvis_*.yaml."""

import math
from collections.abc import Sequence
from pathlib import Path

import torch

from hydra_llm.families.flyvis.stimuli.build import Filming, build_stimulus
from hydra_llm.families.flyvis.stimuli.hex_lattice import HexLattice
from hydra_llm.families.flyvis.system.connectome import Connectome, build_connectome
from hydra_llm.families.flyvis.system.connectome_file import ConnectomeFile, read_connectome_file
from hydra_llm.families.flyvis.system.parameters import (
    Parameters,
    default_parameters,
    trained_parameters,
    varied_parameters,
)
from hydra_llm.families.flyvis.system.source import cache_folder, find_connectome_file
from hydra_llm.families.flyvis.system.system import FlyvisSystem, Perturbation
from hydra_llm.systems.base import SPLITS
from hydra_llm.systems.integrators import integrator as integrator_named
from hydra_llm.systems.noise import ProcessNoise
from hydra_llm.systems.random_streams import stream

COMPLETE = 4  # the smallest extent at which every pair of types and every offset has an edge
LARGEST_SUBSTEP = 0.01  # seconds, where substeps is left open
_SHORT_SPLIT = 2000  # frames of a validation or test split whose length is left open
_PLACES = ("connectome", "parameters", "davis_root", "stimulus_folder", "device")  # where things lie, not what they are


def flyvis_system(
    *,
    extent: int,
    connectome: str | None,
    parameters: str,
    tau_mode: str,
    n_frames: int,
    n_frames_validation: int | None,
    n_frames_test: int | None,
    delta_t: float,
    substeps: int | None,
    integrator: str,
    dtype: str,
    seed: int,
    noise_model_level: float,
    noise_scaling: str,
    measurement_noise_level: float,
    visual_input_type: str,
    sequence_duration: float,
    davis_root: str | None,
    stimulus_folder: str | None,
    video_fps: float,
    video_least_frames: int,
    video_most_frames: int | None,
    pixels_per_column: int,
    vertical_splits: int,
    flip_axes: Sequence[int],
    n_rotations: Sequence[int],
    n_extra_null_edges: int,
    null_edges_mode: str,
    edge_removal_ratio: float,
    edge_removal_mode: str,
    ablation_ratio: float,
    device: str,
) -> FlyvisSystem:
    """Build the eye that the keys describe.

    connectome: path of the connectome file, or None: see flyvis.source. parameters: default, varied, or the path of a
    trained flyvis network. substeps: None takes the fewest of at most 10 ms. n_frames_validation, n_frames_test: None
    takes min(2000, n_frames). Raises ValueError with a sentence for whatever cannot be simulated, before anything is.
    """
    keys = {name: value for name, value in locals().items() if name not in _PLACES}
    lists = {"flip_axes": list(flip_axes), "n_rotations": list(n_rotations)}  # of whatever class they were given
    if not delta_t > 0:
        raise ValueError(f"delta_t={delta_t} is the recording step in seconds: choose it > 0.")
    lattice = HexLattice(extent)
    file = read_connectome_file(find_connectome_file(connectome))
    eye = build_connectome(file, extent)
    shared = _parameters(parameters, file, eye, seed)
    stimulus = build_stimulus(
        visual_input_type,
        lattice=lattice,
        delta_t=delta_t,
        seed=seed,
        sequence_duration=sequence_duration,
        filming=Filming(
            davis_root,
            stimulus_folder,
            video_fps,
            video_least_frames,
            video_most_frames,
            pixels_per_column,
            vertical_splits,
            flip_axes,
            n_rotations,
        ),
        cache=cache_folder(),
    )
    short = min(_SHORT_SPLIT, n_frames)
    asked = (n_frames, n_frames_validation, n_frames_test)
    return FlyvisSystem(
        keys={**keys, **lists, "connectome": file.sha256, "parameters": shared.origin, **stimulus.keys},
        seed=seed,
        connectome=eye,
        parameters=shared,
        perturbation=Perturbation(
            n_extra_null_edges, null_edges_mode, edge_removal_ratio, edge_removal_mode, ablation_ratio
        ),
        stimulus=stimulus,
        visual_input_type=visual_input_type,
        noise=ProcessNoise(noise_model_level, noise_scaling),
        measurement_noise_level=measurement_noise_level,
        integrator=integrator_named(integrator),
        delta_t=delta_t,
        substeps=max(1, math.ceil(delta_t / LARGEST_SUBSTEP - 1e-9)) if substeps is None else substeps,
        tau_mode=tau_mode,
        n_frames={split: short if n is None else n for split, n in zip(SPLITS, asked, strict=True)},
        dtype=dtype,
        device=_device(device),
    )


def _parameters(name: str, file: ConnectomeFile, eye: Connectome, seed: int) -> Parameters:
    drawn = {"default": default_parameters, "varied": varied_parameters}
    if name in drawn:
        return drawn[name](eye, stream(seed, "types"))
    return trained_parameters(Path(name).expanduser(), eye, build_connectome(file, COMPLETE))


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("simulation.device=cuda, but torch sees no such device. Choose cpu or auto.")
    if name not in ("cpu", "cuda"):
        raise ValueError(f"simulation.device={name!r} is unknown. Choose one of: auto, cpu, cuda.")
    return torch.device(name)
