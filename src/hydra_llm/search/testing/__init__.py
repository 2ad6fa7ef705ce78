"""Test suites for extensions of the search."""
