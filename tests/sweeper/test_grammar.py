import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from hydra_llm.search.space.space import Categorical, Float, Integer
from hydra_llm.sweeper.errors import SweepError
from hydra_llm.sweeper.grammar import from_arguments, from_params

PARSER = OverridesParser.create()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x=interval(1,5)", Float(name="x", low=1.0, high=5.0)),
        ("x=interval(0.1,0.5)", Float(name="x", low=0.1, high=0.5)),
        ("x=int(interval(1,10))", Integer(name="x", low=1, high=10)),
        ("x=tag(log, interval(1e-5,1))", Float(name="x", low=1e-5, high=1.0, log=True)),
        ("x=tag(log, int(interval(1,64)))", Integer(name="x", low=1, high=64, log=True)),
        ("x=range(1,10)", Integer(name="x", low=1, high=9)),
        ("x=range(1,10,4)", Categorical(name="x", choices=(1, 5, 9), ordered=True)),
        ("x=choice(a,b)", Categorical(name="x", choices=("a", "b"))),
        ("x=a,b", Categorical(name="x", choices=("a", "b"))),
        ("x=1,2.5,null,true", Categorical(name="x", choices=(1, 2.5, None, True))),
        ("x=choice('a,b','c d')", Categorical(name="x", choices=("a,b", "c d"))),
        ("x=choice([1,2],[3])", Categorical(name="x", choices=([1, 2], [3]))),
        ("x=tag(ordered, choice(1,2,3))", Categorical(name="x", choices=(1, 2, 3), ordered=True)),
        ("model/net=choice(x,y)", Categorical(name="model/net", choices=("x", "y"))),
        ("+n=1,2", Categorical(name="+n", choices=(1, 2))),
    ],
)
def test_each_sweep_of_the_grammar_becomes_its_dimension(text, expected):
    declared = from_arguments([text], PARSER)
    assert declared.dimensions == {expected.name: expected}
    assert declared.fixed == {}


@pytest.mark.parametrize("text", ["x=1", "x='a,b'", "+n=1", "a/b=c", "x=[1,2]", "x={a:1}", "x="])
def test_a_plain_override_is_fixed_and_keeps_its_meaning(text):
    declared = from_arguments([text], PARSER)
    assert declared.dimensions == {}
    (kept,) = declared.fixed.values()
    before, after = PARSER.parse_overrides([text, kept])
    assert (before.get_key_element(), before.value()) == (after.get_key_element(), after.value())


def test_a_deletion_stays_a_deletion():
    assert list(from_arguments(["~z"], PARSER).fixed.values()) == ["~z"]


def test_params_take_texts_lists_dicts_and_plain_values():
    declared = from_params(
        {
            "a": "tag(log, interval(1e-4, 1))",
            "b": {"type": "float", "low": 0, "high": 1, "unit": "mV", "help": "gain", "when": {"c": ["x"]}},
            "c": ["x", "y"],
            "d": {"type": "int", "low": 1, "high": 8, "log": True},
            "e": {"choices": [1, 2, 4], "ordered": True},
            "f": 3,
            "g": True,
        },
        PARSER,
    )
    assert declared.dimensions["a"] == Float(name="a", low=1e-4, high=1.0, log=True)
    assert declared.dimensions["b"] == Float(name="b", low=0, high=1, unit="mV", help="gain", when={"c": ("x",)})
    assert declared.dimensions["c"] == Categorical(name="c", choices=("x", "y"))
    assert declared.dimensions["d"] == Integer(name="d", low=1, high=8, log=True)
    assert declared.dimensions["e"] == Categorical(name="e", choices=(1, 2, 4), ordered=True)
    assert declared.fixed == {"f": "f=3", "g": "g=True"}


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ({"type": "float", "low": 0}, r"params.x must have low and high with type float."),
        ({"type": "normal", "low": 0, "high": 1}, r"params.x.type must be float, int or choice, got 'normal'"),
        ({"type": "choice"}, r"params.x must have a list of choices with type choice, got None."),
        ({"choices": "adam"}, r"params.x must have a list of choices with type choice, got 'adam'."),
        ({"low": 0, "high": 1, "when": "model"}, r"params.x.when must map another parameter .*got 'model'"),
        ({"type": "float", "low": 0, "high": 1, "lgo": True}, r"A key of params.x must be one of type,.*got lgo"),
    ],
)
def test_a_wrong_dict_is_refused_with_a_sentence(spec, sentence):
    with pytest.raises(SweepError, match=sentence):
        from_params({"x": spec}, PARSER)
