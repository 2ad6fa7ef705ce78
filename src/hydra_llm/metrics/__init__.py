"""Scores of a recovery. Pure functions of arrays; they return numbers and never draw.

A score that cannot be computed is left out, and the log says why: there is no made-up zero.
"""
