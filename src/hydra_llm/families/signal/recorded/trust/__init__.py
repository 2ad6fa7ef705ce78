"""How far a fit can be trusted where nobody knows the truth: checks with a verdict each, and one number."""
