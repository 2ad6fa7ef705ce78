"""From a visual_input_type to a Stimulus."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra_llm.families.flyvis.stimuli.base import Stimulus, StimulusError
from hydra_llm.families.flyvis.stimuli.davis import FPS, davis_videos, find_davis, videos_below
from hydra_llm.families.flyvis.stimuli.eye import BoxEye
from hydra_llm.families.flyvis.stimuli.flashes import Flashes
from hydra_llm.families.flyvis.stimuli.generated import Generated, Pattern
from hydra_llm.families.flyvis.stimuli.hex_lattice import FLIPS, HexLattice
from hydra_llm.families.flyvis.stimuli.moving_patterns import MovingPatterns
from hydra_llm.families.flyvis.stimuli.noise import Flicker
from hydra_llm.families.flyvis.stimuli.photographs import Photographs
from hydra_llm.families.flyvis.stimuli.scenes import Scenes
from hydra_llm.families.flyvis.stimuli.videos import Video, Videos

PATTERNS: dict[str, Pattern] = {
    "scenes": Scenes(),
    "optical_flow": MovingPatterns(),
    "flashes": Flashes(),
    "noise": Flicker(),
}
VISUAL_INPUT_TYPES = ("DAVIS", *PATTERNS, "folder")


@dataclass(frozen=True)
class Filming:
    """How films and photographs are shown. video_fps: of a folder of videos; DAVIS has its own."""

    davis_root: str | None
    stimulus_folder: str | None
    video_fps: float
    video_least_frames: int
    video_most_frames: int | None
    pixels_per_column: int
    vertical_splits: int
    flip_axes: Sequence[int]
    n_rotations: Sequence[int]

    def __post_init__(self) -> None:
        wrong = [axis for axis in self.flip_axes if axis not in FLIPS]
        if wrong:
            raise StimulusError(f"flip_axes={list(self.flip_axes)} holds {wrong[0]}. Axes are 0 (none), 1, 2 and 3.")


def build_stimulus(
    visual_input_type: str,
    *,
    lattice: HexLattice,
    delta_t: float,
    seed: int,
    sequence_duration: float,
    filming: Filming,
    cache: Path,
) -> Stimulus:
    """The stimulus of that name. cache: where a downloaded archive is kept. Raises StimulusError."""
    if visual_input_type in PATTERNS:
        return Generated(PATTERNS[visual_input_type], lattice, delta_t, sequence_duration, seed)
    if visual_input_type not in VISUAL_INPUT_TYPES:
        raise StimulusError(
            f"visual_input_type={visual_input_type!r} is unknown. Choose one of: {', '.join(VISUAL_INPUT_TYPES)}."
        )
    eye = BoxEye(lattice, filming.pixels_per_column)
    least, most = filming.video_least_frames, filming.video_most_frames

    def shown(root: Path, videos: tuple[Video, ...], fps: float) -> Videos:
        return Videos(
            root,
            videos,
            eye,
            delta_t,
            fps,
            filming.vertical_splits,
            tuple(filming.flip_axes),
            tuple(filming.n_rotations),
            seed,
        )

    if visual_input_type == "DAVIS":
        root = find_davis(filming.davis_root, cache)
        return shown(root, davis_videos(root, least, most), FPS)
    if filming.stimulus_folder is None:
        raise StimulusError("visual_input_type=folder needs simulation.stimulus_folder: photographs, or video frames.")
    root = Path(filming.stimulus_folder).expanduser()
    if not root.is_dir():
        raise StimulusError(f"simulation.stimulus_folder={root} is no folder.")
    if any(path.is_dir() and path.name[0] != "." for path in root.iterdir()):
        return shown(root, videos_below(root, least, most), filming.video_fps)
    return Photographs.in_folder(root, eye, delta_t, sequence_duration, seed)
