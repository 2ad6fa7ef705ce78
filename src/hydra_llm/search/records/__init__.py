"""analysis.md: the log of a sweep for people, folded from its events."""
