"""How a fit of a reaction network is judged; sees the truth."""
