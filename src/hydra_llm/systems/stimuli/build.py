"""From a visual_input_type to a Stimulus."""

from hydra_llm.systems.hex_lattice import HexLattice
from hydra_llm.systems.stimuli.base import Stimulus, StimulusError
from hydra_llm.systems.stimuli.flashes import Flashes
from hydra_llm.systems.stimuli.generated import Generated, Pattern
from hydra_llm.systems.stimuli.moving_patterns import MovingPatterns
from hydra_llm.systems.stimuli.noise import Flicker
from hydra_llm.systems.stimuli.scenes import Scenes

PATTERNS: dict[str, Pattern] = {
    "scenes": Scenes(),
    "optical_flow": MovingPatterns(),
    "flashes": Flashes(),
    "noise": Flicker(),
}
VISUAL_INPUT_TYPES = tuple(PATTERNS)


def build_stimulus(
    visual_input_type: str, *, lattice: HexLattice, delta_t: float, seed: int, sequence_duration: float
) -> Stimulus:
    """The stimulus of that name. Raises StimulusError."""
    if visual_input_type in PATTERNS:
        return Generated(PATTERNS[visual_input_type], lattice, delta_t, sequence_duration, seed)
    raise StimulusError(
        f"visual_input_type={visual_input_type!r} is unknown. Choose one of: {', '.join(VISUAL_INPUT_TYPES)}."
    )
