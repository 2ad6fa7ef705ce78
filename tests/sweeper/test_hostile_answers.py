"""Whatever a model answers, through Hydra itself: only declared parameters reach a job, with exactly their values."""

import json
from pathlib import Path

import llm_sweeps
import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.types import HydraContext, RunMode
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from llm_sweeps import slot
from omegaconf import OmegaConf, open_dict

from hydra_llm.llm.scripted_client import ScriptedClient
from hydra_llm.llm.settings import LlmSettings
from hydra_llm.search.proposers.llm.proposer import LlmProposer
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.study import Study
from hydra_llm.search.trial.outcome import from_result
from hydra_llm.sweeper.make_spec import make_spec
from hydra_llm.sweeper.options import read_options

CONF = Path(__file__).parent / "toy_app" / "conf"
TEXTS = ("plain", "it's", 'two "words"', "a,b=c", "line\nbreak", "ünï\u202e", "$HOME", "{x:1}", "")
PARAMS = {
    "x": "interval(0, 1)",
    "n": "int(interval(1, 10))",
    "model": "choice(plain, fancy)",
    "fault": {"type": "choice", "choices": list(TEXTS)},
}
DECLARED = {*PARAMS, "steps", "seed"}  # a trial override and the seed key of the application


@pytest.fixture(scope="module")
def application(tmp_path_factory):
    """(spec, config loader, composed configuration) of the toy application under the sweeper."""
    loader = ConfigLoaderImpl(create_config_search_path(str(CONF)))
    folder = tmp_path_factory.mktemp("sweep")
    line = ["hydra/sweeper=llm_ucb", f"hydra.sweep.dir={folder}", "hydra.sweeper.n_trials=6"]
    line += ["hydra.sweeper.n_parallel=2", "hydra.sweeper.confirm.n_seeds=0"]
    config = loader.load_configuration("config", line, RunMode.MULTIRUN)
    with open_dict(config):
        config.hydra.runtime.output_dir = str(folder)
        config.hydra.sweeper.params = PARAMS
    HydraConfig.instance().set_config(config)
    options = {key: value for key, value in config.hydra.sweeper.items() if key != "_target_"}
    context = HydraContext(config_loader=loader, callbacks=None)
    return make_spec(read_options(options), [], context, config), loader, config


HOSTILE = [
    "${oc.env:HOME}",
    "${x}",
    "_target_",
    "os.system",
    "'; hydra.run.dir=/",
    "a\n+b=c",
    "\ud800",
    "!!python",
    "\\'",
]
KEYS = st.sampled_from(
    [
        *PARAMS,
        *PARAMS,
        "hydra.run.dir",
        "hydra.sweep.dir",
        "_target_",
        "+new",
        "~x",
        "x=1,y",
        "${x}",
        "model@a",
        "seed",
        "",
    ]
)
VALUES = (
    st.sampled_from([*TEXTS, *HOSTILE, "fancy", "plain", "null", "1e-3"])
    | st.floats(0, 1)
    | st.integers(1, 10)
    | st.none()
    | st.booleans()
    | st.text(max_size=12)
    | st.integers()
    | st.floats()
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def answers(draw):
    """Usually of the right form, with anything in it; sometimes any JSON; sometimes any text."""
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return draw(st.text(max_size=40))
    if kind == 1:
        return json.dumps(draw(JSON))
    slots = []
    for index in draw(st.sampled_from([[0, 1], [0], [1, 0], [0, 0], [7]])):
        given_ = slot(index, draw(st.sampled_from([None, 0, 0, 1, 2, 3, 99])), moved={draw(KEYS): draw(VALUES)})
        moved = [{"key": draw(KEYS), "value": draw(VALUES)} for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2])))]
        given_["mutations"] = (given_["mutations"] + moved)[draw(st.sampled_from([0, 0, 0, 0, 1])) :]
        given_["strategy"] = draw(st.sampled_from(["exploit", "recombine", "robustness-test", "$(id)"]))
        given_["hypothesis"]["statement"] = draw(st.sampled_from(HOSTILE))
        given_["principle"] = draw(st.sampled_from(HOSTILE))
        given_["reason"] = draw(st.sampled_from(HOSTILE))
        slots.append(given_)
    return json.dumps(llm_sweeps.answer(*slots))


PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # a sweep of compositions is too slow to be shrunk


def few(count):
    return examples(max_examples=count, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))


SCRIPT = st.lists(answers(), min_size=4, max_size=12)


@few(3)
@given(script=SCRIPT)
def test_no_answer_ends_a_sweep_or_becomes_an_override_that_was_not_declared(application, tmp_path_factory, script):
    sweep(application, tmp_path_factory.mktemp("study"), script)


@pytest.mark.slow
@few(60)
@given(script=SCRIPT)
def test_none_of_many_answers_ends_a_sweep_or_becomes_such_an_override(application, tmp_path_factory, script):
    sweep(application, tmp_path_factory.mktemp("study"), script)


def test_every_declared_text_reaches_the_job_as_it_is(application, tmp_path):
    def chosen(text):
        def answer(request):
            asked = request.messages[1].text
            slots = [index for index in (0, 1) if f"- slot {index}:" in asked]
            parent = None if "Nothing was run in this block" in asked else 0
            moved = [slot(i, parent, moved={"fault": text if i == slots[0] else TEXTS[-1]}) for i in slots]
            return json.dumps(llm_sweeps.answer(*moved))

        return answer

    script = [chosen(text) for text in TEXTS[1:-1] for _ in range(2)]
    ran = sweep(application, tmp_path, script)
    assert len([trial for trial in ran if trial.proposal.provenance.source == "llm"]) >= 3
    assert "it's" in {trial.values["fault"] for trial in ran}


def sweep(application, folder, script):
    """A sweep of six trials by these answers; every job is composed and compared with what was declared."""
    spec, loader, config = application

    def validate(values, block):
        try:
            loader.load_sweep_config(config, spec.candidate(values, block))
        except (HydraException, ValueError) as error:
            return [str(error)]
        return []

    llm = LlmProposer(ScriptedClient(script), LlmSettings(max_repairs=1))
    policy = make_policy("puct_rank", None)
    study = Study(folder, spec.settings, policy, llm, argv=[], validate=validate)
    while not study.is_over:
        for trial in study.launched(study.ask(2)):
            check(trial, spec, loader, config)
            study.tell(trial.number, from_result({"score": trial.number / 10}, spec.settings.objective))
    study.close("test")
    return study.state.search_trials()


def check(trial, spec, loader, config):
    """A trial's overrides name declared keys only, and the composed job differs in nothing else."""
    texts = spec.overrides(trial, {})
    parsed = OverridesParser.create().parse_overrides(texts)
    assert {override.get_key_element() for override in parsed} <= DECLARED
    assert not any(override.is_sweep_override() or override.is_add() or override.is_delete() for override in parsed)
    job = loader.load_sweep_config(config, texts)
    for key in ("x", "n", "fault"):
        assert OmegaConf.select(job, key) == trial.values[key]
        assert type(OmegaConf.select(job, key)) is type(trial.values[key]) or key == "x"
    assert job.model.name == trial.values["model"]
    rest = [OmegaConf.to_container(node, resolve=False) for node in (job, config)]
    for node in rest:
        assert isinstance(node, dict)
        for key in DECLARED:
            del node[key]
        node["hydra"] = {key: node["hydra"][key] for key in ("run", "sweep", "output_subdir", "launcher", "callbacks")}
    assert rest[0] == rest[1]
