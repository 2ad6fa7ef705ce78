"""What is wrong with code that somebody handed in."""


class CodeError(ValueError):
    """A source cannot be read, or its code breaks a rule. The message names the line, the rule and the remedy."""
