"""What can be wrong with a dataset on disk."""


class DatasetError(RuntimeError):
    """A dataset cannot be written or read. The message says which one, what was found and what helps."""
