"""From the names of strategies to the gradient phase that they make."""

from collections.abc import Callable

import torch

from hydra_llm.data.windows import Frames
from hydra_llm.families.metabolism.config import HomeostasisTraining, Strategies, Warmup
from hydra_llm.families.metabolism.homeostasis.amplification import NONE, Amplification
from hydra_llm.families.metabolism.homeostasis.contrastive import ContrastiveLoss
from hydra_llm.families.metabolism.homeostasis.gradient import HomeostasisPhase, published_batches
from hydra_llm.families.metabolism.homeostasis.losses import (
    OffsetPenalty,
    ResidualError,
    RolloutError,
    Term,
    residual_size,
)
from hydra_llm.families.metabolism.homeostasis.lr_schedules import Constant, CosineRestarts, Kick, Ramp, RateSchedule
from hydra_llm.families.metabolism.homeostasis.rollout_schedules import Fixed, Lengths, LongToShort, MultiScale
from hydra_llm.families.metabolism.homeostasis.submodels import WithInput
from hydra_llm.families.metabolism.model.gnn import ReactionGNN
from hydra_llm.systems.random_streams import stream
from hydra_llm.training.custom_strategy import strategy_of


def gradient_phase(net: ReactionGNN, frames: Frames, training: HomeostasisTraining, delta_t: float) -> HomeostasisPhase:
    """The published phase 2 with the chosen strategies."""
    chosen, time_step = training.strategy, training.homeostasis_time_step
    batches = training.homeostasis_max_batches
    if batches is None:
        batches = published_batches(frames.n_frames, training.data_augmentation_loop, training.batch_size, time_step)
    unit = residual_size(WithInput(net), frames)
    amplification, accumulation = chosen.signal_amplification, chosen.gradient_accumulation
    return HomeostasisPhase(
        training=training,
        n_batches=batches,
        delta_t=delta_t,
        terms=_terms(chosen, unit, frames),
        strategy=strategy_of(chosen),
        lengths=_lengths(chosen, time_step),
        amplification=NONE if amplification is None else Amplification(amplification.start, amplification.until),
        schedule=_schedule(chosen.warmup),
        accumulation=1 if accumulation is None else accumulation.batches,
        clip=None if chosen.gradient_clipping is None else chosen.gradient_clipping.norm,
        detach_reaction=chosen.separate_losses is not None,
        monitor_reaction=chosen.separate_losses is not None and chosen.separate_losses.monitor_reaction,
        batch_order=stream(training.seed, "batch_order/phase2"),
        noise=stream(training.seed, "training_noise/phase2"),
    )


def _terms(chosen: Strategies, unit: float, frames: Frames) -> list[Term]:
    residual, curriculum = chosen.residual_supervision, chosen.time_step_curriculum
    external = None if frames.external is None else frames.external[:1]
    terms: list[Term] = []
    if residual is not None:
        terms.append(ResidualError(unit))
    if residual is None or residual.keep_rollout:
        terms.append(RolloutError(unit, 0.0 if curriculum is None else curriculum.position_power))
    if chosen.contrastive is not None:
        low, high = (float(q) for q in torch.quantile(frames.activity.double(), torch.tensor([0.01, 0.99]).double()))
        weight, margin = chosen.contrastive.lambda_contrastive, chosen.contrastive.margin
        terms.append(ContrastiveLoss(weight, margin, low, high, external))
    if chosen.offset_penalty is not None:
        terms.append(OffsetPenalty(chosen.offset_penalty.coeff, chosen.offset_penalty.at, unit, external))
    return terms


def _lengths(chosen: Strategies, time_step: int) -> Lengths:
    lengths: Lengths = Fixed(time_step)
    if chosen.time_step_curriculum is not None:
        lengths = LongToShort(time_step, tuple(chosen.time_step_curriculum.shares))
    if chosen.multi_scale is not None:
        lengths = MultiScale(list(chosen.multi_scale.lengths), chosen.multi_scale.draws, lengths)
    return lengths


def _schedule(warmup: Warmup | None) -> RateSchedule:
    if warmup is None:
        return Constant()
    kinds: dict[str, Callable[[], RateSchedule]] = {
        "kick": lambda: Kick(warmup.start, warmup.end, warmup.share),
        "cosine": lambda: CosineRestarts(warmup.cycles, warmup.floor),
        "ramp": lambda: Ramp(warmup.steps, warmup.floor),
    }
    return kinds[warmup.variant]()
