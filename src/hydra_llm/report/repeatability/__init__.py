"""Recorded decisions asked again, and how far the answers agree."""
