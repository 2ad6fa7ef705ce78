"""Keys of the fly visual system."""

from dataclasses import dataclass

from hydra_llm.schema.fields import key


@dataclass
class FlyvisSimulation:
    """An eye of the fly and its recording; the arguments of hydra_llm.systems.flyvis.flyvis_system."""

    _target_: str = "hydra_llm.systems.flyvis.flyvis_system"

    # ---- network ----
    extent: int = key(2, help="radius of the eye; 2: 1,203 neurons, 8: 13,741, 15: 45,669", unit="columns", low=1)
    connectome: str | None = key(
        None, help="path of fib25-fib19_v2.2.json; null: that of an installed flyvis, else fetched once with pip"
    )
    parameters: str = key(
        "varied",
        help="varied: types that differ; default: flyvis before training; else path of a trained checkpoint",
    )
    tau_mode: str = key(
        "unclamped",
        help="clamped: tau is at least the integration step, as in flyvis",
        choices=("unclamped", "clamped"),
    )
    ablation_ratio: float = key(0.0, help="share of synapses set to zero before simulating", low=0, high=1)

    # ---- recording ----
    n_frames: int = key(8000, help="recorded frames of the training sequences together", unit="frames", low=2)
    n_frames_validation: int | None = key(None, help="null: min(2000, n_frames)", unit="frames", low=2)
    n_frames_test: int | None = key(None, help="null: min(2000, n_frames)", unit="frames", low=2)
    delta_t: float = key(0.02, help="time between recorded frames", unit="s", low=0, open_low=True)
    substeps: int | None = key(None, help="integration steps per recorded frame; null: of at most 10 ms", low=1)
    integrator: str = key("euler", help="integration method", choices=("euler", "rk4"))
    dtype: str = key("float32", help="precision of simulation, recording and fit", choices=("float32", "float64"))
    device: str = key("auto", help="where the network is integrated", choices=("auto", "cpu", "cuda"))
    seed: int = key("${seed}", help="of stimulus, initial states, noise and untrained parameters")
    noise_model_level: float = key(0.05, help="standard deviation of the process noise", low=0)
    noise_scaling: str = key(
        "per_step",
        help="per_step: the level is added at every frame (as published); sqrt_dt: level * sqrt(dt)",
        choices=("per_step", "sqrt_dt"),
    )
    measurement_noise_level: float = key(0.0, help="standard deviation added to the recorded voltages", low=0)

    # ---- visual input ----
    visual_input_type: str = key(
        "scenes",
        help="what the eye is shown; DAVIS and folder are filmed, the others computed",
        choices=("DAVIS", "scenes", "optical_flow", "flashes", "noise", "folder"),
    )
    sequence_duration: float = key(
        4.0, help="of a sequence that is computed or wanders over a photograph", unit="s", low=0, open_low=True
    )
    davis_root: str | None = key(
        None, help="folder above JPEGImages/480p; null: the variable DAVIS_ROOT, else downloaded once (0.8 GB)"
    )
    stimulus_folder: str | None = key(None, help="photographs, or one folder of frames per video, for folder")
    video_fps: float = key(24.0, help="of the videos in stimulus_folder", unit="1 / s", low=0, open_low=True)
    video_least_frames: int = key(50, help="shorter videos are left out", unit="film frames", low=2)
    video_most_frames: int | None = key(80, help="longer videos are cut; null: never", unit="film frames", low=2)
    pixels_per_column: int = key(13, help="of a film or photograph; more show the eye a wider view", unit="px", low=1)
    vertical_splits: int = key(1, help="windows side by side in every video", low=1)
    flip_axes: list[int] = key([0, 1], help="reflections of every video across an axis of the lattice; 0: none")
    n_rotations: list[int] = key([0, 1, 2, 3, 4, 5], help="rotations of every video, in units of 60 degrees")

    # ---- the graph that a model is shown ----
    n_extra_null_edges: int = key(0, help="pairs without a synapse among the edges that are shown", low=0)
    null_edges_mode: str = key(
        "per_column", help="per_column: equally many per source neuron", choices=("per_column", "random")
    )
    edge_removal_ratio: float = key(0.0, help="share of the true edges that are hidden from the model", low=0, high=1)
    edge_removal_mode: str = key(
        "random", help="per_column: of every source, one edge staying", choices=("per_column", "random")
    )
