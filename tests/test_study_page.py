"""docs/study.md: the example runs."""

import re
from pathlib import Path

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "study.md").read_text(encoding="utf-8")


def test_the_example_of_the_page_finds_a_good_configuration(capsys):
    (example,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    names: dict = {}
    exec(example, names)
    best = names["best"]
    assert best.value > 0.87
    assert str(best.values) in capsys.readouterr().out
