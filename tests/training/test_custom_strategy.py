import subprocess
import traceback

import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.code.source import Source  # noqa: E402
from hydra_llm.data.windows import Frames  # noqa: E402
from hydra_llm.schema.training import CustomStrategy  # noqa: E402
from hydra_llm.training.custom_strategy import FileStrategy, refuse_without_steps, strategy_of  # noqa: E402
from hydra_llm.training.objectives import OneStep  # noqa: E402
from hydra_llm.training.phases.adam import AdamPhase  # noqa: E402
from hydra_llm.training.strategy import Batch, FitStep, StrategyError  # noqa: E402

HALF = "class Half:\n    def loss(self, model, batch, step):\n        return 0.5 * step.configured()\n"
FRAMES = Frames(torch.arange(24.0).reshape(8, 3), torch.ones(8, 3), None)


class Line(torch.nn.Linear):
    def forward(self, u, external):
        return super().forward(u)


class Phase(AdamPhase):
    def groups(self, net):
        return [{"params": list(net.parameters()), "lr": 0.01}]


def written(tmp_path, text):
    path = tmp_path / "mine.py"
    path.write_text(text)
    return path


def phase(strategy=None, **changes):
    plain = {"n_steps": 20, "batch_size": 4, "delta_t": 0.1, "objective": OneStep(0.0), "regularisers": ()}
    generators = {"batch_order": torch.Generator().manual_seed(0), "noise": torch.Generator().manual_seed(0)}
    return Phase(**{**plain, **generators, **changes}, strategy=strategy)


def fit(phase, scale=1.0):
    torch.manual_seed(0)
    net = Line(3, 3)
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3 * scale)
    logged = [phase.run(k, net, FRAMES, optimizer, optimizer.step) for k in range(phase.n_intervals)]
    return torch.cat([parameter.detach().flatten() for parameter in net.parameters()]), logged[-1]


def test_a_strategy_says_what_a_step_minimises(tmp_path):
    half = strategy_of(CustomStrategy(source=str(written(tmp_path, HALF))))
    torch.testing.assert_close(fit(phase(half), scale=2.0)[0], fit(phase())[0])


def test_penalties_of_the_configuration_are_part_of_what_it_may_ask_for(tmp_path):
    half = strategy_of(CustomStrategy(source=str(written(tmp_path, HALF))))
    penalty = (lambda net, u: 3 * net.weight.pow(2).sum(),)
    found, plain = fit(phase(half, regularisers=penalty), scale=2.0)[0], fit(phase(regularisers=penalty))[0]
    torch.testing.assert_close(found, plain)
    assert not torch.allclose(found, fit(phase())[0])


def test_diagnostics_are_logged_under_their_names(tmp_path):
    text = HALF.replace("0.5 * step.configured()", "step.configured(), {'progress': step.progress}")
    _, logged = fit(phase(strategy_of(CustomStrategy(source=str(written(tmp_path, text))))))
    assert logged["strategy_progress"] == pytest.approx(0.95)
    assert set(logged) == {"train_loss", "strategy_progress"}


def test_a_strategy_may_ask_for_more_frames_than_the_configuration(tmp_path):
    text = (
        "class Far:\n    horizon = 3\n    def loss(self, model, batch, step):\n"
        "        assert batch.horizon == 3 and batch.state(3).shape == (4, 3)\n        return step.configured()\n"
    )
    far = strategy_of(CustomStrategy(source=str(written(tmp_path, text))))
    assert phase(far).horizon == 3
    fit(phase(far))


def test_what_a_strategy_does_to_its_batch_changes_nothing_else():
    batch = Batch.of(FRAMES, torch.tensor([1, 2]), 0, 0.1)
    longer = Batch.of(FRAMES, torch.tensor([1, 2]), 2, 0.1)
    for tensor in (batch.activity, batch.target, longer.activity, longer.target):
        tensor.zero_()
    assert FRAMES.activity[1, 0] == 3
    assert FRAMES.target.min() == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return model(batch.state(), None).detach().sum()", "does not depend on the network"),
        ("return step.configured() * float('nan')", "not a finite number"),
        ("return model(batch.state(), None)", r"scalar tensor, got \[4, 3\]"),
        ("return 3", "scalar tensor, got int"),
        ("return batch.answers", "AttributeError: 'Batch' object has no attribute 'answers'"),
        ("return step.configured(), {'a': 'text'}", "diagnostics must be single numbers"),
    ],
)
def test_a_strategy_that_goes_wrong_is_named_with_its_step(tmp_path, body, said):
    path = written(tmp_path, f"class Bad:\n    def loss(self, model, batch, step):\n        {body}\n")
    with pytest.raises(StrategyError, match=said) as caught:
        fit(phase(strategy_of(CustomStrategy(source=str(path)))))
    assert str(path) in str(caught.value)


def test_the_traceback_of_a_failure_names_the_file_and_shows_its_line(tmp_path):
    path = written(tmp_path, "class Bad:\n    def loss(self, model, batch, step):\n        return model.nothing\n")
    with pytest.raises(StrategyError) as caught:
        fit(phase(strategy_of(CustomStrategy(source=str(path)))))
    assert caught.value.__cause__ is not None
    shown = "".join(traceback.format_exception(caught.value.__cause__))
    assert f'File "{path}", line 3, in loss\n    return model.nothing' in shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\n", "one class with a method loss.*got 0"),
        (HALF + HALF.replace("Half", "Other"), "got 2"),
        ("class A:\n    def loss(self):\n        pass\n", "must be built without arguments"),
        ("class A:\n    horizon = -1\n    def loss(self, a, b, c):\n        pass\n", "horizon must be"),
        ("class A\n", "does not parse"),
        ("raise KeyError('x')\n", "cannot be imported .KeyError"),
    ],
)
def test_a_file_of_another_shape_is_refused_in_a_sentence(tmp_path, text, said):
    with pytest.raises(StrategyError, match=said):
        FileStrategy.load(Source(written(tmp_path, text)))


def test_a_file_that_breaks_the_rules_runs_only_where_its_owner_says_so(tmp_path):
    path = written(tmp_path, "import os\n" + HALF)
    with pytest.raises(StrategyError, match=r"Line 1: it imports os.*training\.strategy\.checked=false"):
        strategy_of(CustomStrategy(source=str(path)))
    assert strategy_of(CustomStrategy(source=str(path), checked=False)) is not None


def test_a_strategy_without_gradient_steps_is_an_error_and_not_ignored():
    with pytest.raises(StrategyError, match=r"would change nothing.*Raise it"):
        refuse_without_steps(CustomStrategy(source="mine.py"), 0, "Raise it.")
    refuse_without_steps(CustomStrategy(), 0, "")


def test_a_revision_is_read_from_git_whatever_stands_in_the_folder(tmp_path):
    def git(*arguments):
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        return subprocess.run(
            ["git", "-C", str(tmp_path), *who, *arguments], capture_output=True, text=True, check=True
        )

    path = written(tmp_path, HALF)
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "half")
    revision = git("rev-parse", "HEAD").stdout.strip()
    path.write_text("nonsense(")
    loaded = strategy_of(CustomStrategy(source=f"{path}@{revision}"))
    assert loaded is not None
    assert type(loaded.strategy).__name__ == "Half"
    with pytest.raises(StrategyError, match="git show failed"):
        strategy_of(CustomStrategy(source=f"{path}@{'0' * 40}"))


@pytest.mark.parametrize("source", ["", "mine", "mine.py@", "mine.py@--output=x", "@main"])
def test_a_source_that_is_none_is_refused(source):
    with pytest.raises(StrategyError, match=r"must be PATH\.py or PATH\.py@REVISION"):
        strategy_of(CustomStrategy(source=source))


def test_a_step_knows_its_share():
    assert FitStep(5, 20, torch.Generator(), lambda: torch.zeros(())).progress == 0.25
