"""A mutation that only takes a parameter back to what an earlier node had belongs under that node.

Otherwise the tree would show a long chain where the search in truth went back and branched.
"""

from __future__ import annotations

from dataclasses import replace

from hydra_llm.search.space.space import Space
from hydra_llm.search.tree.tree import Tree
from hydra_llm.search.trial.trial import Change, Proposal


def reparent(proposal: Proposal, tree: Tree, space: Space) -> Proposal:
    """The proposal under the nearest ancestor that it returns to, or unchanged.

    An ancestor qualifies if it holds the new value of a changed parameter and differs from the proposal in no more
    parameters than the named parent does.
    """
    if proposal.parent is None or proposal.parent not in tree or not proposal.changes:
        return proposal
    parent = tree.node(proposal.parent)
    for ancestor in list(tree.lineage(parent))[1:]:
        returned = [c for c in proposal.changes if ancestor.values.get(c.key) == c.new]
        names = space.changed(ancestor.values, proposal.values)
        if returned and len(names) <= len(proposal.changes):
            changes = tuple(Change(name, ancestor.values.get(name), proposal.values.get(name)) for name in names)
            keys = ", ".join(change.key for change in returned)
            note = f"{proposal.note}; " if proposal.note else ""
            note += f"{keys} back to the value of node {ancestor.id}, so that node is the parent and not {parent.id}"
            return replace(proposal, parent=ancestor.id, changes=changes, note=note)
    return proposal
