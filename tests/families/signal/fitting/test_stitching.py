"""Sessions that show different units of one network are put together; both functions are known here."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.families.signal.fitting.sessions import Sessions, SessionStretch  # noqa: E402
from hydra_llm.families.signal.fitting.spline_law import Curve  # noqa: E402
from hydra_llm.families.signal.fitting.stitching import Stitching, determined  # noqa: E402
from hydra_llm.metrics.scores import identity_r2  # noqa: E402

N, FRAMES, DT, NOISE = 12, 3000, 0.02, 0.05
COVERING = [[0, 1, 2], [3, 4, 5], [6, 7, 8]]  # hidden units by session: every pair is seen together in one of them
APART = [[0, 1, 2], [0, 1, 2], [9, 10, 11]]  # 0, 1, 2 never beside 9, 10, 11


def simulated(hidden, n_frames=FRAMES):
    """W [target, source] and three sessions of one long run, the hidden units of each at zero."""
    draws = np.random.default_rng(4)
    W = 6 * draws.standard_normal((N, N)) / N**0.5
    np.fill_diagonal(W, 0)
    u, states = draws.standard_normal(N), np.empty((len(hidden) * n_frames, N))
    for frame in range(-500, len(states)):
        if frame >= 0:
            states[frame] = u
        for _ in range(2):
            u = u + DT / 2 * (-u + W @ np.tanh(u)) + NOISE / 2**0.5 * draws.standard_normal(N)
    visible = torch.ones(len(hidden), N, dtype=torch.bool)
    for session, units in enumerate(hidden):
        visible[session, units] = False
    parts = torch.from_numpy(states).split(n_frames)
    stretches = tuple(SessionStretch(k, part * visible[k], visible[k]) for k, part in enumerate(parts))
    return W, Sessions(stretches, visible, DT), parts


def curves(parts):
    every = torch.cat(list(parts))
    return Curve.of(torch.tanh, every), Curve.of(torch.neg, every)


def r2(found, W, counted):
    return identity_r2(np.asarray(found)[counted], W[counted])


@pytest.fixture(scope="module")
def put_together():
    W, sessions, parts = simulated(COVERING)
    stitching = Stitching(*curves(parts))
    start = stitching.start(sessions)
    state = stitching.settled(start)
    return W, sessions, parts, stitching, start, state


def test_weights_over_all_units_are_better_than_those_of_any_session_and_than_their_mean(put_together):
    W, sessions, _, stitching, start, state = put_together
    off = ~np.eye(N, dtype=bool)
    assert state.settled
    found = r2(state.law.W, W, off)
    assert found > 0.9
    assert found > r2(start.law.W, W, off) + 0.2
    for alone in stitching.alone(sessions).values():
        shown = off & alone.isfinite().numpy()
        assert r2(state.law.W, W, shown) > r2(alone.nan_to_num(), W, shown) + 0.05


def test_what_a_session_does_not_show_is_found_from_what_it_shows(put_together):
    _, _, parts, _, _, state = put_together
    for stretch, true in zip(state.sessions.stretches, parts, strict=True):
        assert torch.equal(stretch.activity[:, stretch.visible], true[:, stretch.visible])
        missed = (stretch.activity - true)[:, stretch.hidden].square().mean()
        assert missed < 0.1 * true[:, stretch.hidden].var()


def test_intervals_around_stitched_weights_hold_the_truth(put_together):
    W, sessions, _, stitching, _, state = put_together
    drawn = stitching.drawn(state, torch.Generator().manual_seed(0))
    told = determined(drawn, state.prior, sessions.together).fill_diagonal_(False).numpy()
    z = (drawn.W.numpy() - W)[told] / drawn.variance.sqrt().numpy()[told]
    assert told.sum() > 0.9 * N * (N - 1)
    assert (np.abs(z) < 1.96).mean() > 0.85
    assert 0.4 < (z**2).mean() < 2
    assert 0.02 < drawn.hidden_share < 0.9


def test_pairs_that_no_session_shows_together_are_not_determined():
    _, sessions, parts = simulated(APART, n_frames=800)
    stitching = Stitching(*curves(parts))
    state = stitching.settled(stitching.start(sessions), most=15)
    told = determined(stitching.drawn(state, torch.Generator().manual_seed(0)), state.prior, sessions.together)
    apart = torch.zeros(N, N, dtype=torch.bool)
    apart[:3, 9:] = apart[9:, :3] = True
    assert not told[apart].any()
    assert told[~apart].double().mean() > 0.3


def test_a_session_that_shows_everybody_is_a_plain_regression():
    W, sessions, parts = simulated([[], []], n_frames=1500)
    stitching = Stitching(*curves(parts))
    found = stitching.settled(stitching.start(sessions)).law.W
    alone = torch.stack(list(stitching.alone(sessions).values())).mean(0)
    off = ~np.eye(N, dtype=bool)
    assert r2(found, W, off) >= r2(alone, W, off)
    for stretch, true in zip(sessions.stretches, parts, strict=True):
        assert torch.equal(stretch.activity, true)


def test_known_synapses_alone_have_weights():
    _, sessions, parts = simulated(COVERING, n_frames=600)
    synapses = torch.rand((N, N), generator=torch.Generator().manual_seed(1)) < 0.5
    synapses.fill_diagonal_(False)
    stitching = Stitching(*curves(parts), synapses)
    W = stitching.settled(stitching.start(sessions), most=3).law.W
    assert torch.equal(W != 0, synapses)
