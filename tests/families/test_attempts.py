"""A fit that does not beat plain baselines is tried again, and is never a result."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.data.windows import Frames  # noqa: E402
from hydra_llm.estimation.recorded import Recorded  # noqa: E402
from hydra_llm.families import hurdle  # noqa: E402
from hydra_llm.families.attempts import another_start, fit_that_beats_baselines  # noqa: E402
from hydra_llm.families.errors import USER_ERRORS, FitFailed  # noqa: E402
from hydra_llm.families.fitting import Fit, FitContext  # noqa: E402
from hydra_llm.families.signal.config import SignalTraining  # noqa: E402


class Data:
    """A recording whose target no line explains."""

    estimates = SimpleNamespace(sentence="The target is a cosine.", words="recording by hand")

    def train_dataloader(self):
        u = torch.linspace(-3, 3, 300, dtype=torch.float64)[:, None] * torch.tensor([1.0, -0.5])
        return [Frames(u, u.cos(), None)]

    val_dataloader = train_dataloader

    method = None

    def recorded(self, split):
        return Recorded(self.train_dataloader()[0].activity, None, 0.1)

    def forget(self):
        """Nothing was refined."""

    @contextmanager
    def kept_back(self, share):
        whole, Data.val_dataloader = Data.val_dataloader, Data.train_dataloader
        yield
        Data.val_dataloader = whole


@pytest.fixture
def attempt(tmp_path):
    """attempt(losses, **keys) -> (fit, keys of each attempt); a loss of None is a fit that raises FitFailed."""

    def run(losses, **keys):
        seen = []

        def fit(keys, context):
            seen.append(keys)
            loss = losses[len(seen) - 1]
            if loss is None:
                raise FitFailed("no usable checkpoint")
            (context.folder / "checkpoints").mkdir(parents=True, exist_ok=True)
            (context.folder / "checkpoints" / "best.ckpt").write_text(str(loss))
            return Fit(None, None, {"val_loss": ([0.0], [loss])}, 0, minutes=1.0)

        context = FitContext(tmp_path, {})
        return fit_that_beats_baselines(SignalTraining(seed=3, **keys), Data(), context, fit), seen  # type: ignore[arg-type]

    return run


def test_a_fit_that_beats_all_is_taken_as_it_is(attempt):
    fitted, seen = attempt([0.01])
    assert len(seen) == 1
    assert fitted.losses()["fit_retries"] == 0
    assert 0.5 < fitted.losses()["baseline_linear_loss"] <= 1.01


def test_a_fit_ahead_by_a_hair_has_not_beaten_a_baseline(attempt):
    best = min(attempt([0.01])[0].baselines.values())
    fitted, seen = attempt([0.995 * best, 0.985 * best])
    assert (len(seen), fitted.retries) == (2, 1)


def test_a_fit_that_explains_nothing_is_none_however_bad_the_baselines(attempt, monkeypatch):
    monkeypatch.setattr(hurdle, "baseline_losses", lambda *_: {"constant": 1.4, "linear": 1.2})
    with pytest.raises(FitFailed, match=r"left 1.05 of the variance"):
        attempt([1.05], retries=0)


def test_a_failed_fit_is_tried_again_from_another_start_with_stronger_ridges(attempt, tmp_path):
    fitted, (first, second, third) = attempt([1.003, None, 0.2])
    assert (fitted.retries, fitted.minutes) == (2, 2.0)
    assert len({first.seed, second.seed, third.seed}) == 3
    assert second.projection_ridge == [100 * ridge for ridge in first.projection_ridge]
    assert second.spline_ridge == 100 * first.spline_ridge
    assert (tmp_path / "checkpoints" / "best.ckpt").read_text() == "0.2"
    assert not (tmp_path / "retry_2").exists()


def test_no_number_comes_out_of_a_fit_that_fails_to_the_end(attempt):
    with pytest.raises(FitFailed, match=r"left 1.003, 1.2, nan of the variance in 3.*recorded states") as fail:
        attempt([1.003, 1.2, None])
    assert isinstance(fail.value, USER_ERRORS)


def test_a_loss_that_is_no_number_beats_nothing(attempt):
    with pytest.raises(FitFailed):
        attempt([float("nan")], retries=0)


def test_an_empty_list_of_baselines_accepts_any_fit(attempt):
    assert attempt([5.0], must_beat=[])[0].losses()["best_val_loss"] == 5.0


def test_a_retry_draws_everything_anew_and_is_the_same_every_time():
    keys = SignalTraining(seed=3)
    assert another_start(keys, 1) == another_start(keys, 1) != another_start(keys, 2)


@pytest.fixture
def elsewhere(monkeypatch):
    """Validation frames where the training frames never were."""

    def val_dataloader(self):
        u = 40.0 + torch.linspace(-3, 3, 300, dtype=torch.float64)[:, None] * torch.tensor([1.0, -0.5])
        return [Frames(u, u.cos(), None)]

    monkeypatch.setattr(Data, "val_dataloader", val_dataloader)


def test_a_failure_on_frames_of_the_same_kind_does_not_blame_the_frames(attempt):
    with pytest.raises(FitFailed) as alike:
        attempt([2.0], retries=0)
    assert "as these do" not in str(alike.value)


def test_a_failure_on_frames_that_lie_elsewhere_says_so(attempt, elsewhere, caplog):
    with pytest.raises(FitFailed, match=r"times as far .* from the mean of the training frames as these do"):
        attempt([2.0, 1.5], retries=0)
    assert "The fit is no better where it was recorded: it leaves 1.5 of the last 10%" in caplog.text


def test_a_fit_that_is_good_where_it_was_recorded_is_scored_and_doubtful(attempt, elsewhere, tmp_path):
    fitted, seen = attempt([2.0, 0.2])
    assert seen[0] is seen[1]
    assert (fitted.losses()["best_val_loss"], fitted.losses()["fit_doubtful"], fitted.minutes) == (2.0, 1.0, 2.0)
    assert "ahead where it was recorded: it leaves 0.2 of the last 10%" in fitted.doubt
    assert "times as far" in fitted.doubt
    assert (tmp_path / "checkpoints" / "best.ckpt").read_text() == "2.0"
    assert not (tmp_path / "kept_back").exists()


def test_only_one_attempt_is_judged_again(attempt, elsewhere):
    fitted, seen = attempt([2.0, None, 0.2])
    assert (len(seen), fitted.retries, fitted.losses()["best_val_loss"]) == (3, 1, 0.2)


def test_an_attempt_that_repeats_the_one_before_is_the_last(attempt):
    with pytest.raises(FitFailed, match="left 2, 2 of the variance in 2 attempts"):
        attempt([2.0, 2.0, 0.2], retries=2)


def test_a_fit_that_leaves_more_than_noise_is_scored_and_doubtful(attempt):
    fitted, _ = attempt([0.3])
    assert fitted.losses()["fit_doubtful"] == 1
    assert fitted.doubt.startswith("The fit is doubtful: it leaves 30.00% of the variance")
    assert attempt([1e-4])[0].losses()["fit_doubtful"] == 0
