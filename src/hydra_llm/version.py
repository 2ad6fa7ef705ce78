"""The version of the installed package, made from the tags of the repository when it is built or installed."""

from importlib.metadata import PackageNotFoundError, version

UNKNOWN = "0+unknown"  # a folder that is on the path and was never installed


def installed_version() -> str:
    try:
        return version("hydra-llm")
    except PackageNotFoundError:
        return UNKNOWN
