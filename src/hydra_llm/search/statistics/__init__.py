"""Estimates from finished trials: spread, replication, importance, progress, claims."""
