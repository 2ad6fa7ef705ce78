"""Measurements of a reaction network as a data set: those of a PEtab problem, or simulated ones."""
