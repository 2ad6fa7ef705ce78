"""How the equations that a network is fitted to are read off a recording: keys of every conf/training."""

from dataclasses import dataclass

from hydra_llm.schema.fields import key

RECORDING = ("auto", "finite_difference", "flow", "smoothed", "weak")  # what an experimenter can do
TARGETS = (*RECORDING, "drift")
ORDERS = ("forward", "central", "fourth", "sixth", "eighth")


@dataclass
class TargetKeys:
    """docs/recordings.md explains the methods."""

    target: str = key(
        "auto",
        help="what is fitted: auto, what the recording asks for; finite_difference; flow, the map from frame to frame; "
        "smoothed; weak, the integral form; drift, the oracle derivative, which no experimenter has",
        choices=TARGETS,
    )
    difference_order: str = key(
        "auto",
        help="of target=finite_difference: forward, or symmetric with an error of that order in delta_t; auto: by the "
        "data",
        choices=("auto", *ORDERS),
    )
    refinements: int | None = key(
        None, help="how often the targets are estimated again with the fitted network; null: as the method needs", low=0
    )
