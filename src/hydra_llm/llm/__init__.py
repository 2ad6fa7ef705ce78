"""Clients of language models behind one small protocol, with transcripts, prices and a fake that ships with the real
ones.
"""
