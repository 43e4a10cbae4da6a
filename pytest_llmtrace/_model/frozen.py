"""Frozen, keyword-only dataclasses, of whose six methods only `__init__` is compiled for each class.

Compiling all six for forty classes takes half as long as all else about importing our modules, which every traced run
pays for. Five of them do the same in all classes, whatever the fields are, so they are shared.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from reprlib import recursive_repr
from typing import Any, Final, NoReturn, TypeVar, cast, dataclass_transform, overload

Class = TypeVar("Class", bound=type)

_TO_MAKE: Final = object()
"""What a parameter is whose value is made where none is given."""


@overload
def frozen(cls: Class) -> Class: ...
@overload
def frozen(*, slots: bool) -> Callable[[Class], Class]: ...
@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
def frozen(cls: Any = None, *, slots: bool = True) -> Any:
    """What `dataclass(frozen=True, kw_only=True, slots=...)` makes, for classes that derive from no other one.

    Of what `field` knows there are `default`, `default_factory`, `repr` and `compare`.
    """
    if cls is None:
        return functools.partial(frozen, slots=slots)
    dataclass(init=False, repr=False, eq=False, kw_only=True)(cls)
    # Made anew in one piece: setting so many methods of a class takes as long as making one.
    names = {"__qualname__": cls.__qualname__, "__init__": _initialiser(cls), **_SHARED, **vars(cls)}
    for name in ("__dict__", "__weakref__"):
        names.pop(name, None)
    if slots:
        for name in (slotted := tuple([one.name for one in fields(cls)])):
            names.pop(name, None)  # its default
        names = {"__slots__": slotted, "__getstate__": _getstate, "__setstate__": _setstate, **names}
    return type(cls)(cls.__name__, cls.__bases__, names)


def _initialiser(cls: type) -> Callable[..., None]:
    """`__init__` of a class: sets each field by name, as that of a frozen dataclass does."""
    names: dict[str, Any] = {"_set": object.__setattr__, "_to_make": _TO_MAKE}
    defaults, steps = {}, []
    for one in fields(cls):
        name = given = one.name
        if one.default_factory is not MISSING:
            defaults[name] = _TO_MAKE
            names[f"_make_{name}"] = one.default_factory
            given = f"_make_{name}() if {name} is _to_make else {name}"
        elif one.default is not MISSING:
            defaults[name] = one.default
        steps.append(f"_set(self,{name!r},{given})")
    if hasattr(cls, "__post_init__"):
        steps.append("self.__post_init__()")
    parameters = ",".join([one.name for one in fields(cls)])
    exec(f"def __init__(self,*,{parameters}):{';'.join(steps)}", names)  # noqa: S102  # as `dataclass` does
    made = names["__init__"]
    made.__kwdefaults__ = defaults
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return cast("Callable[..., None]", made)


@functools.cache
def _compared(cls: Any) -> Callable[[Any], Any]:
    """Gives what two values of a class are compared by."""
    names = [one.name for one in fields(cls) if one.compare]
    if len(names) > 1:
        return attrgetter(*names)
    return lambda one: tuple([getattr(one, name) for name in names])


@recursive_repr()
def _repr(self: Any) -> str:
    shown = [f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr]
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _eq(self: Any, other: Any) -> Any:
    if type(other) is not type(self):
        return NotImplemented
    kind: Any = type(self)
    compared = _compared(kind)
    return compared(self) == compared(other)


def _hash(self: Any) -> int:
    kind: Any = type(self)
    return hash(_compared(kind)(self))


def _setattr(_self: Any, name: str, _value: Any) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(_self: Any, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _getstate(self: Any) -> Any:
    return [getattr(self, one.name) for one in fields(self)]


def _setstate(self: Any, state: Any) -> None:
    for one, kept in zip(fields(self), state, strict=True):
        object.__setattr__(self, one.name, kept)


_SHARED: Final[dict[str, Any]] = {
    "__repr__": _repr,
    "__eq__": _eq,
    "__hash__": _hash,
    "__setattr__": _setattr,
    "__delattr__": _delattr,
}
