"""Pictures of a run. Pure functions of arrays that return a matplotlib Figure; nothing is computed beyond the drawing.

One figure per file, named as its function; save.py writes them. No pyplot and no global settings: safe in any thread.
"""
