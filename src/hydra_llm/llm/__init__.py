"""Clients of language models behind one small base class, with transcripts, prices and a fake that ships with the real
ones.
"""
