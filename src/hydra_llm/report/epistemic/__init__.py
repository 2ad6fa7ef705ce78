"""How a sweep was reasoned about: events of reasoning from its log, tagged twice, related by rules, counted by code."""
