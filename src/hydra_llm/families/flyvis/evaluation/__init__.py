"""How a fit of the fly visual system is judged; sees the truth."""
