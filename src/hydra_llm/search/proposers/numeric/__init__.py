"""Numeric samplers as proposers."""
