"""Reaction networks from SBML (Levels 2 and 3, core), as symbolic ordinary differential equations."""
