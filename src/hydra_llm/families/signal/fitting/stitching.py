"""Sessions that show different units are put together: hidden states and weights in turns, the functions given.

A unit that one session does not show is shown by another, which tells its weights. With them its states where it is
hidden follow from what the visible units there leave unexplained and from its own law (hidden_paths); with these states
the inputs of the visible units are complete, and their weights are no longer biased by what was not seen
(stitched_weights). Taking turns is expectation maximisation with the likeliest path for the expectation (Dempster,
Laird & Rubin 1977); it starts from the mean over sessions of what each says alone, hidden units silent. Partly
observed networks: Soudry et al. 2015, PLoS Computational Biology 11, e1004464.

The likeliest path knows itself for certain, so errors come from draws: paths are drawn and weights found again, and
from one draw to the next, in turns, weights differ by what hidden states leave open. The variance of a weight is the
mean over draws of its variance given the states, and the variance of its value over them (Rubin 1987, Multiple
Imputation).
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from hydra_llm.data.windows import Frames
from hydra_llm.families.signal.fitting.given_functions import TOLD, Terms, weights_given_functions
from hydra_llm.families.signal.fitting.hidden_paths import HiddenPaths
from hydra_llm.families.signal.fitting.sessions import Sessions, SessionStretch
from hydra_llm.families.signal.fitting.spline_law import Curve, SplineLaw
from hydra_llm.families.signal.fitting.stitched_weights import (
    SessionRows,
    StitchedWeights,
    sandwich,
    stitched_weights,
)

log = logging.getLogger(__name__)

MOST_ROUNDS = 400
SETTLED = 1e-3  # change of W in a round, relative, below which the rounds end
DRAWS, FIRST_DRAWS = 30, 10  # that count, and those before them
FALL = 0.95  # of the least noise that counts, per round: where little is known yet, small noise would freeze the paths
RUNAWAY = 4.0  # mean square distance of a hidden path from the mean, in variances of recorded states: no such path
_STEPS = 2  # of Gauss-Newton per round
_CORRECTED = 5  # rounds between two estimates of what happens within a frame


@dataclass(frozen=True)
class Stitched:
    """law: functions and W; sessions: completed; noise [target] as in stitched_weights; prior, too: the mean square
    weight of the sessions alone, which left free would grow without end where hidden states are hardly told; floor: no
    noise counts as less; rounds: made.
    """

    law: SplineLaw
    sessions: Sessions
    noise: Tensor
    prior: float
    floor: float
    rounds: int
    settled: bool


@dataclass(frozen=True)
class Drawn:
    """W: mean over draws, and its variance, both [target, source]; hidden_share: of that variance the part that is
    owed to what hidden units did. rows: regressions of the last draw."""

    W: Tensor
    variance: Tensor
    hidden_share: float
    rows: tuple[SessionRows, ...]


class Stitching:
    """synapses: bool [target, source], those that may exist; None: all but the self-connections."""

    def __init__(self, message: Curve, update: Curve, synapses: Tensor | None = None) -> None:
        self._message, self._update, self._synapses = message, update, synapses

    def alone(self, sessions: Sessions) -> dict[int, Tensor]:
        """W [target, source] that every session tells alone, hidden units silent; NaN where it does not show both."""
        found = {}
        for number in sessions.numbers:
            rows = [self._rows(stretch, sessions, None) for stretch in sessions.of_session(number)]
            shown = sessions.visible[number].nonzero().ravel()
            terms = Terms(
                torch.cat([one.message for one in rows])[:, shown], torch.cat([one.rest for one in rows])[:, shown]
            )
            synapses = None if self._synapses is None else self._synapses[shown[:, None], shown]
            W = torch.full((sessions.n_units,) * 2, torch.nan, dtype=torch.float64)
            W[shown[:, None], shown] = torch.from_numpy(weights_given_functions(terms, synapses).value)
            found[number] = W
        return found

    def start(self, sessions: Sessions) -> Stitched:
        """Mean weights of the sessions alone, and hidden units at their mean of other sessions."""
        alone = self.alone(sessions)
        W = averaged(alone)
        told = torch.stack(list(alone.values())).isfinite().any(0)
        prior = float(W[told].square().mean())
        mean, _ = sessions.moments()
        sessions = sessions.with_stretches(
            [one.completed(mean[one.hidden].expand(len(one.activity), -1)) for one in sessions.stretches]
        )
        noise = torch.zeros(sessions.n_units, dtype=torch.float64)
        n_frames = torch.zeros_like(noise)
        for one in sessions.stretches:
            rows = self._rows(one, sessions, None)
            own = W * one.visible  # of hidden ones nothing is known yet
            noise += ((rows.rest - rows.message @ own.T).square().sum(0)) * one.visible
            n_frames += len(rows.rest) * one.visible
        return Stitched(
            SplineLaw(W, self._message, self._update),
            sessions,
            noise / n_frames,
            prior,
            float((noise / n_frames).mean()),
            0,
            settled=False,
        )

    def settled(self, state: Stitched, most: int = MOST_ROUNDS) -> Stitched:
        """Hidden states and weights in turns until the weights stay."""
        law, noise, prior = SplineLaw(state.law.W, self._message, self._update), state.noise, state.prior
        sessions, corrections = state.sessions, self._corrections(law, state.sessions)
        least = state.floor
        for number in range(most):
            least = FALL * least
            noise = noise.clamp_min(least)
            if number % _CORRECTED == 0:
                corrections = self._corrections(law, sessions)
            paths = HiddenPaths.of(law, noise, sessions)
            likely = _likeliest(paths, sessions, corrections)
            sessions = sessions.with_stretches([_kept_in_range(one, paths) for one in likely])
            found = self._weights(law, sessions, corrections, noise, prior)
            change = float((found.W - law.W).norm() / found.W.norm())
            law, noise = SplineLaw(found.W, self._message, self._update), found.noise
            if change < SETTLED and bool((noise > least).all()):
                return Stitched(law, sessions, noise, prior, least, number + 1, settled=True)
        return Stitched(law, sessions, noise, prior, least, most, settled=False)

    def drawn(self, state: Stitched, generator: torch.Generator) -> Drawn:
        """Weights and their variance, over draws around a settled state."""
        law, noise, prior, sessions = state.law, state.noise, state.prior, state.sessions
        corrections = self._corrections(law, sessions)
        rows: list[SessionRows] = []
        means: list[Tensor] = []
        variances: list[Tensor] = []
        for number in range(FIRST_DRAWS + DRAWS):
            paths = HiddenPaths.of(law, noise, sessions)
            likely = _likeliest(paths, sessions, corrections)
            sessions = sessions.with_stretches(likely)
            shaken = sessions.with_stretches([paths.drawn(one, generator) for one in likely])
            rows = self.rows_of(law, shaken, corrections)
            found = stitched_weights(rows, noise, prior, self._synapses)
            if number >= FIRST_DRAWS:
                means.append(found.W)
                variances.append(
                    torch.maximum(found.variance, sandwich(rows, found.W, found.noise, prior, self._synapses))
                )
            noise = found.noise
            shake = torch.randn(found.W.shape, generator=generator, dtype=torch.float64)
            law = SplineLaw(found.W + shake * found.variance.sqrt(), self._message, self._update)
        W, within = torch.stack(means), torch.stack(variances).mean(0)
        between = (1 + 1 / DRAWS) * W.var(0)
        share = float(between.sum() / (between + within).sum().clamp_min(1e-300))
        return Drawn(W.mean(0), within + between, share, tuple(rows))

    def drawn_frames(self, state: Stitched, number: int, generator: torch.Generator) -> Frames:
        """States and targets of all units over the frames of one session, its hidden states drawn."""
        law, sessions = state.law, state.sessions
        paths, n, parts = HiddenPaths.of(law, state.noise, sessions), 0, []
        starts = []
        for one in sessions.of_session(number):
            drawn = paths.drawn(one, generator)
            u = drawn.activity
            slope = (u[1:] - u[:-1]) / sessions.delta_t - law.within_frame(u[:-1], sessions.delta_t)
            parts.append((u[:-1], slope))
            starts.append(n)
            n += len(slope)
        activity, target = (torch.cat(own) for own in zip(*parts, strict=True))
        return Frames(activity, target, None, torch.tensor(starts))

    def rescaled(self, state: Stitched) -> Stitched:
        """A state that was reached with other functions: W is what the completed sessions tell with the present ones,
        whose message may have another scale."""
        law = SplineLaw(state.law.W, self._message, self._update)
        corrections = self._corrections(state.law, state.sessions)
        size = float(_rms(state.law.message, state.sessions) / _rms(self._message, state.sessions))
        prior = state.prior * size**2
        found = self._weights(law, state.sessions, corrections, state.noise, prior)
        law = SplineLaw(found.W, self._message, self._update)
        return replace(state, law=law, noise=found.noise, prior=prior, rounds=0, settled=False)

    def _weights(
        self, law: SplineLaw, sessions: Sessions, corrections: list[Tensor], noise: Tensor, prior: float
    ) -> StitchedWeights:
        return stitched_weights(self.rows_of(law, sessions, corrections), noise, prior, self._synapses)

    def rows_of(self, law: SplineLaw, sessions: Sessions, corrections: list[Tensor]) -> list[SessionRows]:
        return [
            SessionRows.of(one, law, correction, sessions.delta_t)
            for one, correction in zip(sessions.stretches, corrections, strict=True)
        ]

    def _rows(self, stretch: SessionStretch, sessions: Sessions, law: SplineLaw | None) -> SessionRows:
        n = sessions.n_units
        law = law or SplineLaw(torch.zeros(n, n, dtype=torch.float64), self._message, self._update)
        return SessionRows.of(stretch, law, torch.zeros(len(stretch.activity) - 1, n), sessions.delta_t)

    @staticmethod
    def _corrections(law: SplineLaw, sessions: Sessions) -> list[Tensor]:
        return [law.within_frame(one.activity[:-1], sessions.delta_t) for one in sessions.stretches]


def averaged(alone: Mapping[int, Tensor]) -> Tensor:
    """Mean of what sessions tell alone, each NaN where it does not show both [target, source]; 0 where none does."""
    W = torch.stack(list(alone.values()))
    told = W.isfinite()
    return torch.where(told, W, 0).sum(0) / told.sum(0).clamp_min(1)


def _likeliest(paths: HiddenPaths, sessions: Sessions, corrections: Sequence[Tensor]) -> list[SessionStretch]:
    return [
        paths.likeliest(one, correction, _STEPS)
        for one, correction in zip(sessions.stretches, corrections, strict=True)
    ]


def _kept_in_range(stretch: SessionStretch, paths: HiddenPaths) -> SessionStretch:
    """Hidden units whose path has left the range of their recorded states begin again at the mean of these."""
    h = stretch.hidden
    states = stretch.activity[:, h]
    lost = (states - paths.mean[h]).square().mean(0) > RUNAWAY * paths.variance[h]
    return stretch.completed(torch.where(lost, paths.mean[h], states)) if bool(lost.any()) else stretch


def _rms(message: Curve, sessions: Sessions) -> Tensor:
    return (
        torch.cat([message(one.activity[:, one.visible]).ravel() for one in sessions.stretches]).square().mean().sqrt()
    )


def determined(drawn: Drawn, prior: float, together: Tensor) -> Tensor:
    """Weights that the data tell: a session shows both units, and they know more of it than the prior does."""
    return together & (drawn.variance < TOLD * prior)
