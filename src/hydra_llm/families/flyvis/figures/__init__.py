"""Figures of the fly visual system."""
