"""Coded strategy rules: one object per rule with a condition over the history and a proposal. See base.py and
order.py.
"""
