"""Recorded data on disk and in batches."""
