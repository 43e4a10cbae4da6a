"""Frozen classes do what frozen dataclasses do, made in a third of the time."""

from __future__ import annotations

import ast
import copy
import dataclasses
import inspect
import pickle
from dataclasses import field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

import pytest_llmtrace
from pytest_llmtrace._model.frozen import frozen

PACKAGE = Path(pytest_llmtrace.__file__).parent


@frozen
class Ours:
    """A value."""

    name: str
    count: int = 3
    items: list[Any] = field(default_factory=list)
    secret: str = field(default="s", repr=False)
    aside: str = field(default="", compare=False)

    @property
    def twice(self) -> int:
        return 2 * self.count


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    """A value."""

    name: str
    count: int = 3
    items: list[Any] = field(default_factory=list)
    secret: str = field(default="s", repr=False)
    aside: str = field(default="", compare=False)


@frozen
class Single:
    """One field, of which no tuple is made by itself."""

    only: float


@frozen(slots=False)
class Keeping:
    """What keeps what it has made."""

    parts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("no parts")

    def __repr__(self) -> str:
        return "<Keeping>"

    @cached_property
    def joined(self) -> str:
        return "".join(self.parts)


def test_it_shows_and_compares_as_a_dataclass_does() -> None:
    """`repr`, `==` and `hash` say the same of the same fields, and two kinds are never equal."""
    one, other = Ours(name="a"), Theirs(name="a")
    assert repr(one) == repr(other).replace("Theirs", "Ours")
    assert one == Ours(name="a", aside="b") != Ours(name="b")
    assert one != other
    assert (one == 1) is False
    with pytest.raises(TypeError, match="unhashable type: 'list'"):
        hash(one)
    assert hash(Ours(name="a", items=())) == hash(Theirs(name="a", items=()))  # type: ignore[arg-type]
    nan = float("nan")
    assert Single(only=nan) == Single(only=nan)  # as tuples are
    assert hash(Single(only=1.0)) == hash((1.0,))


def test_what_holds_itself_can_be_shown() -> None:
    """A value in its own list is shown as dots, once."""
    one = Ours(name="a")
    one.items.append(one)
    assert repr(one).count("...") == 1


def test_nothing_of_it_can_be_set() -> None:
    """Fields and anything else: neither set nor deleted, in the words of a dataclass; there is no dictionary."""
    one = Ours(name="a")
    for refused in (one, Theirs(name="a")):
        with pytest.raises(dataclasses.FrozenInstanceError, match=r"^cannot assign to field 'name'$"):
            refused.name = "b"  # type: ignore[misc]
        with pytest.raises(dataclasses.FrozenInstanceError, match=r"^cannot delete field 'name'$"):
            del refused.name  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.other = 1  # type: ignore[attr-defined]
    assert not hasattr(one, "__dict__")


def test_its_parameters_are_those_of_a_dataclass() -> None:
    """They are named, with the same defaults; what is missing or unknown is said in the same words."""
    for kind in (Ours, Theirs):
        with pytest.raises(
            TypeError, match=rf"^{kind.__name__}\.__init__\(\) missing 1 required keyword-only argument"
        ):
            kind()  # type: ignore[call-arg]
        with pytest.raises(TypeError, match=rf"^{kind.__name__}\.__init__\(\) got an unexpected keyword argument 'no'"):
            kind(name="a", no=1)  # type: ignore[call-arg]
        with pytest.raises(TypeError, match="positional"):
            kind("a")  # type: ignore[misc]
    assert list(inspect.signature(Ours).parameters) == list(inspect.signature(Theirs).parameters)
    one, other = Ours(name="a"), Ours(name="a")
    assert one.items is not other.items
    assert one.count == 3
    assert one.twice == 6


def test_dataclasses_takes_it_for_its_own() -> None:
    """`replace`, `fields` and `asdict` work."""
    assert dataclasses.is_dataclass(Ours)
    assert [one.name for one in dataclasses.fields(Ours)] == [one.name for one in dataclasses.fields(Theirs)]
    assert dataclasses.replace(Ours(name="a", count=4), name="b") == Ours(name="b", count=4)
    assert dataclasses.asdict(Ours(name="a")) == dataclasses.asdict(Theirs(name="a"))


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_it_is_copied(again: Any) -> None:
    """Copies and pickles of it are equal to it."""
    for one in (Ours(name="a", items=[1]), Keeping(parts=("a",))):
        assert again(one) == one
        assert again(one) is not one


def test_what_a_class_says_itself_stays() -> None:
    """Its own methods, what runs after `__init__`, and a dictionary where it is to keep something."""
    kept = Keeping(parts=("a", "b"))
    assert repr(kept) == "<Keeping>"
    assert (kept.joined, vars(kept)) == ("ab", {"parts": ("a", "b"), "joined": "ab"})
    assert Keeping.parts == ()
    with pytest.raises(ValueError, match="no parts"):
        Keeping()
    assert (Ours.__doc__, Ours.__module__, Ours.__qualname__) == ("A value.", __name__, "Ours")


def test_every_dataclass_has_a_docstring() -> None:
    """Else Python makes one of its signature, which takes 1 ms for each."""
    silent = [
        f"{path.name}:{node.name}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
        and any("dataclass" in ast.unparse(one) or "frozen" in ast.unparse(one) for one in node.decorator_list)
        and ast.get_docstring(node) is None
    ]
    assert silent == []
