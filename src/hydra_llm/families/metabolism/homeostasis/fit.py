"""Phase 2 of a metabolic fit: homeostasis on top of the reactions of phase 1. Opens observations and nothing else."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path

import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn

from hydra_llm.data.errors import DatasetError
from hydra_llm.data.fingerprint import source_hash
from hydra_llm.data.windows import Frames
from hydra_llm.families.errors import ExperimentError
from hydra_llm.families.fitting import Fit, FitContext, train
from hydra_llm.families.metabolism.config import HomeostasisTraining, MetabolismTraining
from hydra_llm.families.metabolism.fitting import phase1_store
from hydra_llm.families.metabolism.fitting.path_phase import has_path, take_paths
from hydra_llm.families.metabolism.fitting.standard_error import standard_error_log10
from hydra_llm.families.metabolism.homeostasis.frozen import Frozen
from hydra_llm.families.metabolism.homeostasis.initialisation import kaiming, silence
from hydra_llm.families.metabolism.homeostasis.profiled import ProfiledPhase
from hydra_llm.families.metabolism.homeostasis.strategies import gradient_phase
from hydra_llm.families.metabolism.homeostasis.submodels import WithInput
from hydra_llm.families.metabolism.model.gnn import ReactionGNN
from hydra_llm.families.resume import PHASE_1
from hydra_llm.schema.training import CustomStrategy
from hydra_llm.systems.random_streams import stream
from hydra_llm.training.custom_strategy import refuse_without_steps
from hydra_llm.training.datamodule import RecordingDataModule
from hydra_llm.training.phases.base import Phase

log = logging.getLogger(__name__)

TOLERATED_ERROR = 3e-4  # of log10 k: beyond it, slopes of frozen reactions leave 0.9-1.1 (docs/homeostasis.md)
NO_PART_OF_PHASE_1 = {"rollout_frames"}  # keys of its training that an evaluation reads
SOURCES = ("families/metabolism/model", "families/metabolism/fitting", "training", "nn")  # that a phase 1 depends on


def phase1_keys(training: HomeostasisTraining) -> MetabolismTraining:
    """The keys of phase 1, with its linear homeostasis decided. batch_size is phase 2's, as published."""
    keys = {f.name: getattr(training, f.name) for f in fields(MetabolismTraining)}
    keys["batch_size"] = training.phase1_batch_size
    if training.linear_homeostasis is None:
        keys["linear_homeostasis"] = training.k != "frozen"
    keys["strategy"] = CustomStrategy()  # those of this training are for phase 2
    return MetabolismTraining(**keys)


def rolls_out(training: HomeostasisTraining) -> bool:
    """Whether phase 2 follows trajectories of the network rather than derivatives alone."""
    return training.k == "frozen" and not _residual_only(training)


def fit_homeostasis(
    net: nn.Module,
    phases: Sequence[Phase],
    dataset: Path,
    data: RecordingDataModule,
    model: DictConfig,
    training: HomeostasisTraining,
    context: FitContext,
) -> Fit:
    """Phase 1 by `phases` (or from a file), then phase 2; the minutes are those of both."""
    if not training.homeostasis_training:
        refuse_without_steps(training.strategy, 0, "Set training.homeostasis_training=true and training.k=frozen.")
        return train(net, phases, data, context, module=training.module)
    if not isinstance(net, ReactionGNN):
        raise ExperimentError(
            f"Phase 2 needs a ReactionGNN, got {type(net).__name__}. Set training.homeostasis_training=false."
        )
    quiet = replace(context, folder=context.folder / PHASE_1, loggers=(), keep_checkpoint=False, reports=False)
    minutes = _start(net, dataset, training, model, lambda: train(net, phases, data, quiet, module=training.module))
    if has_path(training, data):
        take_paths(net, data)
    elif data.n_refinements:  # a stored phase 1 has left the targets as they were
        data.refine(net)
    fitted = phase2(net, data, training, context)
    return replace(fitted, minutes=fitted.minutes + minutes)


def _start(
    net: ReactionGNN, dataset: Path, training: HomeostasisTraining, model: DictConfig, fit: Callable[[], Fit]
) -> float:
    """Put phase 1 into `net`: from a given file, from the store, or by fitting it. Returns the minutes it took."""
    if training.phase1_checkpoint is not None:
        _load(net, Path(training.phase1_checkpoint))
        return 0.0
    without_effect = {*NO_PART_OF_PHASE_1, *(["data_augmentation_loop"] if training.max_steps is not None else [])}
    keys = asdict(phase1_keys(training))
    stored = phase1_store.stored_at(
        dataset,
        {
            "model": OmegaConf.to_container(model, resolve=True),
            "training": {name: value for name, value in keys.items() if name not in without_effect},
            "sources": source_hash(*SOURCES),
        },
    )
    if training.skip_phase1 and stored.is_file():
        log.info("Phase 1 from %s", stored)
        _load(net, stored)
        return 0.0
    minutes = fit().minutes
    phase1_store.save(net.state_dict(), stored)
    return minutes


def phase2(net: ReactionGNN, data: RecordingDataModule, training: HomeostasisTraining, context: FitContext) -> Fit:
    """Phase 2 on a network that holds phase 1. With frozen k, phase 1 is proven to have stayed bit for bit."""
    frames = data.frames("train")
    net.train()
    silence(net)
    if training.strategy.kaiming_init is not None:
        kaiming(net, stream(training.seed, f"model_init/{training.strategy.kaiming_init.stream}"))
    if training.k != "frozen":
        refuse_without_steps(training.strategy, 0, "Set training.k=frozen.")
        _name_idle_strategies(training)
        if not net.freeze_stoichiometry:
            raise ExperimentError(
                f"training.freeze_stoichiometry must be true with training.k={training.k}, got false: rate constants "
                "are eliminated for a known stoichiometry. Set it, or training.k=frozen."
            )
        # the substrate function of phase 1 is nearly right: moving it from the start would only slow the node function
        joint = [False, True] if training.k == "joint" else [False]
        phases: list[Phase] = [
            ProfiledPhase(
                iterations=training.homeostasis_joint_iterations if moves else training.homeostasis_iterations,
                n_frames=training.homeostasis_frames,
                joint=moves,
            )
            for moves in joint
        ]
        return train(net, phases, data, context, module=training.module)
    warn_of_errors(net, frames)
    frozen = Frozen(net)
    published = gradient_phase(net, frames, training, data.delta_t)
    fitted = train(net, [published], data, context, validate=unexplained_homeostasis, module=training.module)
    frozen.check()
    return fitted


def unexplained_homeostasis(net: ReactionGNN, frames: Frames) -> Tensor:
    """Share of what the reactions leave of dc/dt that the node function does not explain: 1 for a flat one."""
    with torch.no_grad():
        view = WithInput(net)
        remaining = frames.target - view.reaction(frames.activity, frames.external)
        error = remaining - view.node(frames.activity, frames.external)
        return error.pow(2).mean() / remaining.pow(2).mean()


def warn_of_errors(net: ReactionGNN, frames: Frames) -> float:
    """Estimate how far the frozen rate constants are off, and say so if slopes will suffer. Returns the median."""
    with torch.no_grad():
        laws = net.laws(frames.activity, frames.external)
        residual = frames.target - WithInput(net).reaction(frames.activity, frames.external)
        errors = standard_error_log10(laws, net.stoichiometry(), net.rate_constants(), residual)
    typical = float(errors[torch.isfinite(errors)].median())
    if typical > TOLERATED_ERROR:
        log.warning(
            "The rate constants of phase 1 have a standard error of %.1e in log10 (median). Beyond %.0e, frozen "
            "constants keep a part of the homeostasis, and the slopes of phase 2 will be wrong however it is trained. "
            "Use training.k=profiled.",
            typical,
            TOLERATED_ERROR,
        )
    return typical


def _load(net: ReactionGNN, path: Path) -> None:
    try:
        net.load_state_dict(phase1_store.load(path))
    except RuntimeError as error:
        raise DatasetError(
            f"The checkpoint {path} holds another network than this configuration describes "
            f"({str(error).splitlines()[-1].strip()}). Fit phase 1 with the same model keys."
        ) from None


def _residual_only(training: HomeostasisTraining) -> bool:
    residual = training.strategy.residual_supervision
    return residual is not None and not residual.keep_rollout


def _name_idle_strategies(training: HomeostasisTraining) -> None:
    """Strategies belong to the gradient fit; elimination has no batches, rollouts or learning rates."""
    acts = {"kaiming_init", *(f.name for f in fields(CustomStrategy))}
    idle = [name for name, node in vars(training.strategy).items() if node is not None and name not in acts]
    if idle:
        log.info(
            "With training.k=%s rate constants are solved for without batches: %s act in training.k=frozen only.",
            training.k,
            ", ".join(idle),
        )
