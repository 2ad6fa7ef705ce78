"""Proposals of code: asked of a language model, checked, committed, repaired, given up."""
