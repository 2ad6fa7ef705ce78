"""What is raised where the rule between parameters cannot say whether a configuration may run."""


class ConstraintError(ValueError):
    """The message names the constraint, what went wrong in it, and what to do; whoever asked it is not to blame."""
