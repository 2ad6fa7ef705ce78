"""Provenance: a value with a source and a reason, shown in one form and read from it."""

from __future__ import annotations

import pytest

from hydra_llm.search.trial.provenance import Provenance

SHOWN = {
    "": Provenance(),
    "rules": Provenance("rules"),
    "hybrid:tpe": Provenance("tpe", via="hybrid"),
    "rules (llm failed: HTTP 503 (busy))": Provenance("rules", "llm failed: HTTP 503 (busy)"),
    "hybrid:rules (llm failed: http://host:9/v1\nis down)": Provenance(
        "rules", "llm failed: http://host:9/v1\nis down", via="hybrid"
    ),
}


@pytest.mark.parametrize("text", SHOWN)
def test_the_text_that_is_shown_is_the_text_that_is_read(text):
    assert str(SHOWN[text]) == text
    assert Provenance.of_text(text) == SHOWN[text]


def test_the_label_leaves_the_reason_out():
    assert [who.label for who in SHOWN.values()] == ["", "rules", "hybrid:tpe", "rules", "hybrid:rules"]
