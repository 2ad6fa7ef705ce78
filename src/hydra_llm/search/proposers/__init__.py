"""Who proposes the next trials: coded rules, a language model, random draws. `base` holds the protocol."""
