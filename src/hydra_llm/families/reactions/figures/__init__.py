"""Figures of a maximum likelihood fit."""
