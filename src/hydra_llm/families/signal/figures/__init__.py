"""Figures of the signal family."""
