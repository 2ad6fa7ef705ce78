"""Phases of a fit: each improves the network in its own way, a given number of intervals long."""
