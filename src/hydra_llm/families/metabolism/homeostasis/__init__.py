"""Phase 2 of a metabolic fit, in parts: terms of an objective, schedules, and what holds the reactions still.

Homeostasis is some thousand times weaker than the reactions. Every published remedy is a small object here; an
objective or a phase is a set of them.
"""
