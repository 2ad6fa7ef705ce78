"""Dotted paths: what they load, and what is said about those that cannot be used."""

import math
from abc import ABC, abstractmethod
from fractions import Fraction

import pytest

from hydra_llm.dotted import DottedPathError, Named, check_object, construct, load, load_class


class Shape(Named, ABC):
    @abstractmethod
    def area(self) -> float: ...


class Square(Shape):
    def __init__(self, side: float = 1.0) -> None:
        self.side = side

    def area(self) -> float:
        return self.side**2


class Blob(Shape):
    pass


class Disc(Square):
    name = "disc"


BUILT_IN = ("disc", "square")


def test_a_path_loads_what_it_names():
    assert load("constraint", "fractions.Fraction") is Fraction
    assert load("constraint", "math.tau") == math.tau
    assert load_class("shape", f"{__name__}.Square", Shape, BUILT_IN) is Square


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (
            "circle",
            r"shape must be one of disc, square, or the dotted path of a subclass of hydra_llm\.Shape, got 'circ",
        ),
        ("nowhere.at.All", r"shape=nowhere\.at\.All cannot be imported \(No module named 'nowhere'\)"),
        ("fractions.Frac", r"shape=fractions\.Frac cannot be imported \(module 'fractions' has no attribute 'Frac'\)"),
        ("not a.path", r"shape must be a dotted path \(package\.module\.name\), got 'not a\.path'"),
        (".Square", r"shape must be a dotted path"),
        ("math.tau", r"got math\.tau, which is a float"),
        ("math.sqrt", r"got math\.sqrt, which is a builtin_function"),
        ("fractions.Fraction", r"got fractions\.Fraction, which is a subclass of Rational"),
        (f"{__name__}.Blob", r"Blob must define area of hydra_llm\.Shape"),
    ],
)
def test_a_path_that_cannot_be_used_is_a_sentence_with_the_remedy(path, sentence):
    with pytest.raises(DottedPathError, match=sentence):
        load_class("shape", path, Shape, BUILT_IN)


def test_an_error_inside_the_users_module_is_the_users_own(tmp_path, monkeypatch):
    (tmp_path / "broken_shapes.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ZeroDivisionError):
        load("shape", "broken_shapes.Square")


def test_a_class_that_states_no_name_is_called_by_its_dotted_path():
    assert Square.name == f"{__name__}.Square"
    assert Disc.name == "disc"
    assert Blob.name == f"{__name__}.Blob"


def test_a_name_is_not_inherited():
    class Ring(Disc):
        pass

    assert Ring.name.endswith("Ring")


def test_a_constructor_that_takes_other_arguments_is_a_sentence():
    assert construct("shape", Square, side=2.0).area() == 4.0
    with pytest.raises(DottedPathError, match=r"shape: Square must be constructible with radius=1: got an unexpected"):
        construct("shape", Square, radius=1)


def test_an_object_of_another_class_is_a_sentence():
    square = Square()
    assert check_object("shape", square, Shape) is square
    with pytest.raises(
        DottedPathError, match=r"shape must be a name, a dotted path or a hydra_llm\.Shape, got \{'a': 1\}"
    ):
        check_object("shape", {"a": 1}, Shape)
