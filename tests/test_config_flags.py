"""Which configuration a command line starts with."""

import pytest

from hydra_llm.config_flags import config_flags


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        (["-m", "x=1"], []),
        (["-m", "-cn", "other", "x=1"], ["--config-name=other"]),
        (["-cn=other"], ["--config-name=other"]),
        (["x=1", "--config-name", "other"], ["--config-name=other"]),
        (["--config-name=a", "-cn", "b"], ["--config-name=b"]),
        (["-cp", "../conf 2", "-cd", "more"], ["--config-path=../conf 2", "--config-dir=more"]),
        (["--config-n", "other", "--config-d=more"], ["--config-name=other", "--config-dir=more"]),
        (["-c", "job", "--cfg", "job", "--config-", "x", "-cnother", "name=-cn"], []),
        (["-cn"], []),
    ],
)
def test_the_flags_of_hydra_that_name_the_configuration_are_found_in_every_spelling(words, flags):
    assert config_flags(words) == flags


def test_hydra_reads_the_flags_as_it_read_the_words_that_they_came_from():
    from hydra._internal.utils import get_args_parser

    words = ["-m", "-cn", "other", "--config-p=conf 2", "-cd=more", "x=1", "y=2"]
    told, again = (get_args_parser().parse_args(line) for line in (words, [*config_flags(words), "x=1", "y=2"]))
    names = ("config_name", "config_path", "config_dir", "overrides")
    assert [getattr(told, name) for name in names] == [getattr(again, name) for name in names]
