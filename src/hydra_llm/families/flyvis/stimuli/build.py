"""From a visual_input_type to a Stimulus."""

from pathlib import Path

from hydra_llm.families.flyvis.config import FlyvisSimulation
from hydra_llm.families.flyvis.stimuli.base import Stimulus, StimulusError
from hydra_llm.families.flyvis.stimuli.davis import FPS, FRAMES, find_davis, videos_below
from hydra_llm.families.flyvis.stimuli.eye import BoxEye
from hydra_llm.families.flyvis.stimuli.flashes import Flashes
from hydra_llm.families.flyvis.stimuli.generated import Generated, Pattern
from hydra_llm.families.flyvis.stimuli.hex_lattice import FLIPS, HexLattice
from hydra_llm.families.flyvis.stimuli.moving_patterns import MovingPatterns
from hydra_llm.families.flyvis.stimuli.noise import Flicker
from hydra_llm.families.flyvis.stimuli.photographs import Photographs
from hydra_llm.families.flyvis.stimuli.scenes import Scenes
from hydra_llm.families.flyvis.stimuli.videos import Videos

PATTERNS: dict[str, Pattern] = {
    "scenes": Scenes(),
    "optical_flow": MovingPatterns(),
    "flashes": Flashes(),
    "noise": Flicker(),
}
VISUAL_INPUT_TYPES = ("DAVIS", *PATTERNS, "folder")


def build_stimulus(config: FlyvisSimulation, cache: Path) -> Stimulus:
    """What config.visual_input_type names. cache: where a downloaded archive is kept. Raises StimulusError."""
    if not set(config.flip_axes) <= set(FLIPS):
        raise StimulusError(f"flip_axes must be among 0 (none), 1, 2 and 3, got {list(config.flip_axes)}.")
    kind, lattice = config.visual_input_type, HexLattice(config.extent)
    if kind in PATTERNS:
        return Generated(PATTERNS[kind], lattice, config.delta_t, config.sequence_duration, config.seed)
    if kind not in VISUAL_INPUT_TYPES:
        raise StimulusError(f"visual_input_type must be one of {', '.join(VISUAL_INPUT_TYPES)}, got {kind!r}.")
    eye = BoxEye(lattice, config.pixels_per_column)
    if kind == "DAVIS":
        root = find_davis(config.davis_root, cache)
        return _videos(config, eye, root, below=FRAMES, fps=FPS)
    if config.stimulus_folder is None:
        raise StimulusError("visual_input_type=folder needs simulation.stimulus_folder: photographs, or video frames.")
    root = Path(config.stimulus_folder).expanduser()
    if not root.is_dir():
        raise StimulusError(f"simulation.stimulus_folder must be a folder, got {root}.")
    if any(path.is_dir() and path.name[0] != "." for path in root.iterdir()):
        return _videos(config, eye, root, below=Path(), fps=config.video_fps)
    return Photographs.in_folder(root, eye, config.delta_t, config.sequence_duration, config.seed)


def _videos(config: FlyvisSimulation, eye: BoxEye, root: Path, below: Path, fps: float) -> Videos:
    """The folders root / below as videos of fps frames per second."""
    return Videos(
        root=root,
        videos=videos_below(root / below, config.video_least_frames, config.video_most_frames),
        eye=eye,
        delta_t=config.delta_t,
        fps=fps,
        windows=config.vertical_splits,
        flips=tuple(config.flip_axes),
        rotations=tuple(config.n_rotations),
        seed=config.seed,
    )
