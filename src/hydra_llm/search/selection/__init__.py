"""Which node to branch from next: one rule per file, chosen by name in registry.py."""
