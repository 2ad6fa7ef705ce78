"""Where the rules of the source protocols live in the search: rule id -> dotted name of the object that carries it.

A test imports every place. Rules that are text for a language model are tagged in instructions/ instead.
"""

from __future__ import annotations

_SEARCH = "hydra_llm.search"
_STRATEGY = f"{_SEARCH}.strategies"

RULES: dict[str, str] = {
    # ---- one iteration, tree, score, parent ----
    "R001": f"{_SEARCH}.study.Study",
    "R002": f"{_SEARCH}.events.EventLog",
    "R010": f"{_SEARCH}.selection.ucb1.Ucb1Shifted",
    "R011": f"{_SEARCH}.selection.ucb1.Ucb1",
    "R012": f"{_SEARCH}.tables.ucb_table",
    "R013": "hydra_llm.report.tree_figure.draw_tree",
    "R014": f"{_STRATEGY}.baseline.Baseline",
    "R015": f"{_SEARCH}.reversion.reparent",
    "R016": f"{_SEARCH}.trial.Proposal",
    "R017": f"{_SEARCH}.asking.Asker",
    "R018": f"{_SEARCH}.trial.Change",
    "R019": f"{_SEARCH}.proposers.base.Thresholds",
    # ---- strategies ----
    "R020": f"{_STRATEGY}.exploit.Exploit",
    "R021": f"{_STRATEGY}.explore.Explore",
    "R022": f"{_STRATEGY}.failure_probe.FailureProbe",
    "R023": f"{_STRATEGY}.robustness.RobustnessTest",
    "R024": f"{_STRATEGY}.recombine.Recombine",
    "R025": f"{_STRATEGY}.scale_up.ScaleUp",
    "R026": f"{_STRATEGY}.variance_aware.VarianceAware",
    "R027": f"{_STRATEGY}.switch_dimension.SwitchDimension",
    "R031": f"{_STRATEGY}.exploit.Exploit",
    "R032": f"{_STRATEGY}.failure_probe.FailureProbe",
    "R033": f"{_STRATEGY}.explore.Explore",
    "R034": f"{_STRATEGY}.robustness.RobustnessTest",
    "R035": f"{_STRATEGY}.force_branch.ForceBranch",
    "R036": f"{_STRATEGY}.recombine.Recombine",
    "R037": f"{_STRATEGY}.force_branch.BottomHalf",
    "R038": f"{_STRATEGY}.switch_dimension.SwitchDimension",
    "R039": f"{_STRATEGY}.boundary_skip.BoundarySkip",
    "R040": f"{_STRATEGY}.force_branch.ForcedDiversity",
    "R041": f"{_STRATEGY}.scale_up.ScaleUp",
    "R042": f"{_STRATEGY}.force_branch.SecondBest",
    "R043": f"{_SEARCH}.blocks.collapsed",
    "R030": f"{_SEARCH}.memory.vetoes.ceiling_problem",
    "R047": f"{_SEARCH}.memory.evidence.judge",
    "R048": f"{_STRATEGY}.degeneracy.BreakDegeneracy",
    # ---- blocks and rates ----
    "R050": f"{_SEARCH}.blocks.block_of",
    "R051": f"{_SEARCH}.settings.Settings",
    "R052": f"{_SEARCH}.proposers.base.Block",
    "R053": f"{_SEARCH}.blocks.block_is_over",
    "R054": f"{_SEARCH}.blocks.next_regime",
    "R055": f"{_STRATEGY}.force_branch.ForceBranch",
    "R056": f"{_SEARCH}.rates.measure",
    "R057": f"{_SEARCH}.rates.Rates",
    "R058": f"{_STRATEGY}.force_branch.ForceBranch",
    "R059": f"{_SEARCH}.prompt_notebook.duties",
    "R060": f"{_SEARCH}.protocol_copy.ProtocolCopy",
    "R061": f"{_SEARCH}.analysis.summary.block_summary",
    # ---- log, slots, replicates ----
    "R062": f"{_SEARCH}.analysis.entry.Entry",
    "R066": f"{_SEARCH}.analysis.journal.Journal",
    "R063": f"{_SEARCH}.analysis.formats.log_format",
    "R064": f"{_SEARCH}.analysis.formats.log_format",
    "R065": f"{_SEARCH}.analysis.formats.Line",
    "R067": f"{_SEARCH}.memory.render.memory_text",
    "R068": f"{_SEARCH}.memory.start.parse",
    "R070": f"{_SEARCH}.seeds.replicate_seeds",
    "R071": f"{_SEARCH}.tree.Node",
    "R072": f"{_SEARCH}.asking.Asker",
    "R073": f"{_SEARCH}.space.Space",
    "R074": f"{_SEARCH}.slots.assign",
    "R075": f"{_SEARCH}.slots.assign",
    "R076": f"{_STRATEGY}.replicate.Replicate",
    "R077": f"{_STRATEGY}.base.rerun",
    "R078": f"{_SEARCH}.replication.is_retired",
    "R079": f"{_STRATEGY}.baseline.Baseline",
    "R080": f"{_STRATEGY}.baseline.RepeatBaseline",
    "R081": f"{_SEARCH}.variance_table.markdown",
    "R082": f"{_SEARCH}.blocks.block_is_over",
    "R083": f"{_SEARCH}.variance.verdict",
    "R084": f"{_STRATEGY}.scale_up.ScaleUp",
    "R091": f"{_SEARCH}.space.Space",
    "R098": f"{_SEARCH}.space.Space",
    "R099": f"{_SEARCH}.objective.Objective",
    # ---- homeostasis: rows that the study declares ----
    **dict.fromkeys(
        ["R104", "R105", "R107", "R114", "R115", "R116", "R117", "R118", "R119"], f"{_STRATEGY}.focus.Focus"
    ),
    "R112": f"{_SEARCH}.lanes.settle",
    "R121": f"{_SEARCH}.lanes.settle",
}
