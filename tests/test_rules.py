"""Every rule of the source protocols has a place: in code, in a protocol's text, or an honest "not yet".

A place is a dotted name that must import, or `instructions/NAME.md`, whose text must carry the tag of the rule. Rules
have numbers R001 to R143; those of the closed loop, which everything else stands on, must all be in place.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable

import pytest

from hydra_llm.llm.instructions import instruction_names, instruction_text
from hydra_llm.search import strategies

SEARCH = "hydra_llm.search"
SIGNAL = "instructions/signal.md"
STRATEGIES = f"{SEARCH}.strategies"

ALL = [f"R{number:03d}" for number in range(1, 144)]
# fmt: off
CLOSED_LOOP = [
    "R001", "R002", "R003", "R004", "R005", "R009", "R010", "R011", "R012", "R013", "R014", "R018", "R019",
    "R020", "R021", "R022", "R023", "R024", "R025", "R027", "R031", "R032", "R033", "R034", "R036",
]
# fmt: on

PLACES: dict[str, tuple[str, ...]] = {
    # ---- one iteration ----
    "R001": (f"{SEARCH}.study.Study.ask", f"{SEARCH}.study.Study.tell"),
    "R002": ("hydra_plugins.hydra_llm_ucb_sweeper._plan.Plan.overrides", f"{SEARCH}.events.EventLog"),
    "R003": ("hydra_llm.data.store.DatasetStore",),
    "R004": ("hydra_llm.modules.recovery", "hydra_llm.metrics.connectivity.connectivity_metrics"),
    "R005": (f"{SEARCH}.tables.trial_line", f"{SEARCH}.proposers.llm.build"),
    "R006": (f"{SEARCH}.prompt.build_prompt", SIGNAL),
    "R007": (f"{SEARCH}.proposers.llm_answer.answer_schema", "hydra_llm.llm.base.OnText"),
    "R008": (SIGNAL,),
    "R009": (SIGNAL,),
    # ---- tree, score, parent ----
    "R010": (f"{SEARCH}.selection.ucb1.Ucb1Shifted",),
    "R011": (f"{SEARCH}.selection.ucb1.Ucb1",),
    "R012": (f"{SEARCH}.tables.ucb_table",),
    "R013": ("hydra_llm.report.tree_figure",),
    "R014": (f"{STRATEGIES}.baseline.Baseline", f"{STRATEGIES}.exploit.Exploit"),
    "R015": (f"{SEARCH}.reversion.reparent",),
    "R016": (f"{SEARCH}.results.analysis_entry",),
    "R017": (f"{SEARCH}.proposers.llm_check.check_slots",),
    "R018": (f"{SEARCH}.trial.Change", f"{SEARCH}.proposers.llm_answer.Mutation"),
    "R019": (f"{SEARCH}.proposers.base.Thresholds.classify", SIGNAL),
    # ---- strategies ----
    "R020": (f"{STRATEGIES}.exploit.Exploit", SIGNAL),
    "R021": (f"{STRATEGIES}.explore.Explore", SIGNAL),
    "R022": (f"{STRATEGIES}.failure_probe.FailureProbe", SIGNAL),
    "R023": (f"{STRATEGIES}.robustness.RobustnessTest", SIGNAL),
    "R024": (f"{STRATEGIES}.recombine.Recombine", SIGNAL),
    "R025": (f"{STRATEGIES}.scale_up.ScaleUp", SIGNAL),
    "R027": (f"{STRATEGIES}.switch_dimension.SwitchDimension", SIGNAL),
    "R028": (SIGNAL,),
    "R029": (SIGNAL,),
    "R030": (SIGNAL,),
    "R031": (f"{STRATEGIES}.exploit.Exploit", SIGNAL),
    "R032": (f"{STRATEGIES}.failure_probe.FailureProbe", SIGNAL),
    "R033": (f"{STRATEGIES}.explore.Explore", SIGNAL),
    "R034": (f"{STRATEGIES}.robustness.RobustnessTest", SIGNAL),
    "R035": (f"{STRATEGIES}.force_branch.ForceBranch",),
    "R036": (f"{STRATEGIES}.recombine.Recombine",),
    "R037": (f"{STRATEGIES}.force_branch.BottomHalf",),
    "R038": (f"{STRATEGIES}.switch_dimension.SwitchDimension",),
    "R039": (f"{STRATEGIES}.boundary_skip.BoundarySkip",),
    "R040": (f"{STRATEGIES}.force_branch.ForcedDiversity",),
    "R041": (f"{STRATEGIES}.scale_up.ScaleUp",),
    "R042": (f"{STRATEGIES}.force_branch.SecondBest",),
    "R043": (f"{SEARCH}.blocks.collapsed",),
    "R044": (SIGNAL,),
    "R045": (SIGNAL,),
    "R046": (SIGNAL,),
    "R047": (SIGNAL,),
    "R048": (f"{STRATEGIES}.degeneracy.BreakDegeneracy", SIGNAL),
    # ---- blocks and protocol ----
    "R050": (f"{SEARCH}.blocks.block_of",),
    "R051": (f"{SEARCH}.settings.Settings.block_space", f"{SEARCH}.proposers.llm_notes.check_notes"),
    "R052": (f"{SEARCH}.blocks.present_block", SIGNAL),
    "R053": (f"{SEARCH}.study.Study.ask", SIGNAL),
    "R054": (f"{SEARCH}.blocks.next_regime", SIGNAL),
    "R055": (f"{STRATEGIES}.force_branch.ForceBranch", SIGNAL),
    "R056": (f"{SEARCH}.rates.measure", f"{STRATEGIES}.force_branch.ForceBranch", SIGNAL),
    "R057": (f"{SEARCH}.rates.measure", SIGNAL),
    "R058": (f"{SEARCH}.rates.measure", f"{STRATEGIES}.force_branch.ForceBranch", SIGNAL),
    "R059": (f"{SEARCH}.prompt_protocol.Protocol", SIGNAL),
    "R060": (f"{SEARCH}.prompt_protocol.Protocol.with_rules", SIGNAL),
    # ---- log and memory ----
    "R062": (f"{SEARCH}.results.analysis_entry", SIGNAL),
    "R066": (f"{SEARCH}.results.write_analysis", SIGNAL),
    "R067": (f"{SEARCH}.results.write_memory", SIGNAL),
    "R068": (SIGNAL,),
    # ---- slots, batches, replicates ----
    "R069": (SIGNAL,),
    "R070": (f"{SEARCH}.seeds.replicate_seeds",),
    "R071": (f"{SEARCH}.tree.Node.cv",),
    "R072": (f"{SEARCH}.asking.Asker.propose", SIGNAL),
    "R073": (f"{SEARCH}.space.Space.with_locks",),
    "R074": (f"{STRATEGIES}.replicate.Replicate", f"{SEARCH}.slots.assign"),
    "R075": (f"{STRATEGIES}.replicate.Replicate", f"{SEARCH}.slots.assign"),
    "R076": (f"{STRATEGIES}.replicate.Replicate",),
    "R077": (f"{SEARCH}.proposers.llm_check.RERUN_STRATEGIES", SIGNAL),
    "R078": (f"{STRATEGIES}.replicate.Replicate",),
    "R079": (f"{STRATEGIES}.baseline.Baseline", f"{SEARCH}.slots.STARTS"),
    "R081": (f"{SEARCH}.tables.variance_table",),
    "R082": (f"{SEARCH}.blocks.block_is_over",),
    "R083": (f"{SEARCH}.trial.TrialState.is_bad", SIGNAL),
    "R084": (f"{STRATEGIES}.scale_up.ScaleUp", f"{SEARCH}.prompt_sections.SLOW_MIN"),
}

# What is not built yet, by the family or feature that brings it.
NOT_YET: dict[str, str] = {
    **dict.fromkeys(["R026"], "selection weighted by the similarity of activity ranks"),
    **dict.fromkeys(["R061"], "block summaries in the log"),
    **dict.fromkeys(["R064", "R080", *ALL[84:96]], "flyvis"),
    **dict.fromkeys(["R049", "R063", "R065", *ALL[96:135]], "metabolism"),
    **dict.fromkeys(ALL[135:], "code evolution"),
}


def resolve(place: str) -> object:
    """The object behind a dotted name; attributes of dataclasses without a default count as found."""
    parts = place.split(".")
    for cut in range(len(parts), 0, -1):
        name = ".".join(parts[:cut])
        try:
            found: object = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not name.startswith(error.name):
                raise  # the module is there and one of its own imports is missing
            continue
        for attribute in parts[cut:]:
            found = _member(found, attribute, place)
        return found
    raise AssertionError(f"{place} does not import")


def _member(owner: object, name: str, place: str) -> object:
    if hasattr(owner, name):
        return getattr(owner, name)
    assert name in getattr(owner, "__dataclass_fields__", {}), f"{place} does not exist"
    return owner


def tags(text: str) -> set[str]:
    return set(re.findall(r"\[(R\d{3})\]", text))


def cases(rules: Iterable[str]) -> list[tuple[str, str]]:
    return [(rule, place) for rule in rules for place in PLACES[rule]]


def test_every_rule_has_a_place_or_is_named_as_missing():
    assert sorted([*PLACES, *NOT_YET]) == ALL


def test_every_rule_of_the_closed_loop_is_in_place():
    assert len(CLOSED_LOOP) == 25
    assert set(CLOSED_LOOP) <= set(PLACES)


@pytest.mark.parametrize(("rule", "place"), cases(PLACES))
def test_the_place_of_a_rule_exists(rule, place):
    if place.startswith("instructions/"):
        name = place.removeprefix("instructions/").removesuffix(".md")
        assert rule in tags(instruction_text(name)), f"{place} does not carry [{rule}]"
        return
    found = resolve(place)
    if place.startswith(STRATEGIES):
        assert rule in found.rules, f"{place} does not claim {rule}"


def test_every_rule_that_a_strategy_claims_is_mapped_to_it():
    claimed = 0
    for module in pkgutil.iter_modules(strategies.__path__):
        loaded = importlib.import_module(f"{strategies.__name__}.{module.name}")
        for name, member in inspect.getmembers(loaded, inspect.isclass):
            if member.__module__ == loaded.__name__ and name != "Strategy":
                for rule in getattr(member, "rules", ()):
                    claimed += 1
                    assert f"{loaded.__name__}.{name}" in PLACES[rule], f"{name} claims {rule}"
    assert claimed > 20


def test_every_tag_in_a_protocol_is_mapped_to_it():
    for name in instruction_names():
        for rule in tags(instruction_text(name)) - set(NOT_YET):
            assert f"instructions/{name}.md" in PLACES[rule], f"{name} carries [{rule}]"
