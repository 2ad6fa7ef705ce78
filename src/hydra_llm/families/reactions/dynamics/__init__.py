"""Reaction networks in time: compiled right-hand sides, forward sensitivities, steady states."""
