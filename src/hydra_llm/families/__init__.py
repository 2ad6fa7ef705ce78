"""Families of systems: one folder each, from the system to its figures; none knows another."""
