"""Recordings that users bring: files of several formats, checked and cut into stretches without a gap."""
