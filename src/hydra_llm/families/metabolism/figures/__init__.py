"""Figures of reaction networks."""
