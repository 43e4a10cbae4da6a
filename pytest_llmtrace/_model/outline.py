"""The outline of a tape: what each of its calls is to whoever counts and prices, without anything that was said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from operator import attrgetter
from typing import Any, Final

from pytest_llmtrace._model.canonical import written_value
from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.usage import Usage

READING: Final = 1
"""Goes up when the same interaction is read as something else than before: its model, its tokens, what it says.

The outline of another reading says nothing: the tape is read anew (docs/design/0043).
"""


@frozen
class Kind:
    """What calls have in common that differ in what was said, and how much of it."""

    operation: str
    provider: str
    model: str
    response_model: str | None = None
    """The model as the provider named it in the answer."""
    params: Mapping[str, Any] = field(default_factory=dict)
    """The parameters that a price depends on."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Session, agent, parent and task, those that are known."""

    @property
    def name(self) -> str:
        """Provider and model, as `LLMCall.name` has them."""
        return f"{self.provider}/{self.model}" if self.provider else self.model


@frozen
class Outline:
    """The calls of a tape, one for each interaction, in its order."""

    calls: tuple[tuple[Kind, Usage], ...]

    def to_data(self) -> dict[str, Any]:
        """Plain data: each kind once, and a line a call, its kind and its tokens: ``[0, 550, 110]``."""
        kinds: list[dict[str, Any]] = []
        calls = []
        for kind, usage in self.calls:
            data = _kind_data(kind)
            if data not in kinds:
                kinds.append(data)
            counts = list(_counts_of(usage))
            while len(counts) > _ALWAYS and not counts[-1]:
                counts.pop()
            calls.append([kinds.index(data), *counts])
        return {"reading": READING, "kinds": kinds, "calls": calls}

    @classmethod
    def from_data(cls, data: Any) -> Outline | None:
        """The inverse of `to_data`; `None` for what it did not make, or another reading did."""
        if not isinstance(data, dict) or data.get("reading") != READING:
            return None
        try:
            return cls(calls=tuple(_calls(data["calls"], _kinds(data["kinds"]))))
        except (AttributeError, LookupError, TypeError, ValueError):
            return None


def _kind_data(kind: Kind) -> dict[str, Any]:
    data: dict[str, Any] = {"operation": kind.operation, "provider": kind.provider, "model": kind.model}
    if kind.response_model is not None:
        data["answered"] = kind.response_model
    more = {"params": dict(kind.params), "labels": dict(kind.labels)}
    return data | {name: value for name, value in more.items() if value}


def _kinds(data: Any) -> Sequence[Kind]:
    """The kinds of one outline; those of a suite have them in common."""
    written = written_value(data)
    known = _KNOWN.get(written) if written is not None else None
    if known is None:
        known = tuple([_kind(one) for one in data])
        if written is not None and len(written) <= _LARGEST_KNOWN:
            if len(_KNOWN) >= _MOST_KNOWN:
                _KNOWN.clear()
            _KNOWN[written] = known
    return known


def _kind(data: Any) -> Kind:
    answered, params, labels = data.get("answered"), data.get("params", {}), data.get("labels", {})
    names = [data["operation"], data["provider"], data["model"], "" if answered is None else answered]
    if not (isinstance(params, dict) and isinstance(labels, dict) and set(labels) <= set(LABELS)):
        raise TypeError(f"{data!r:.100} is no kind of call")
    if not all(type(one) is str for one in (*names, *labels.values())):
        raise TypeError(f"{data!r:.100} has a name that is no text")
    return Kind(
        operation=names[0], provider=names[1], model=names[2], response_model=answered, params=params, labels=labels
    )


def _calls(rows: Any, kinds: Sequence[Kind]) -> Iterator[tuple[Kind, Usage]]:
    for row in rows:
        if not row or not _WHOLE.issuperset(map(type, row)) or min(row) < 0 or max(row) > _MOST:
            raise ValueError(f"{row!r:.100} are no tokens")
        at, *counts = row
        if len(counts) == _ALWAYS:
            yield kinds[at], Usage(input_tokens=counts[0], output_tokens=counts[1])
        else:
            yield kinds[at], Usage(**dict(zip(_COUNTS, counts, strict=len(counts) > len(_COUNTS))))


LABELS: Final = ("session", "agent", "parent", "task")
_COUNTS: Final = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
_counts_of: Final = attrgetter(*_COUNTS)
_ALWAYS: Final = 2
"""Input and output stand there, also where they are 0."""
_KNOWN: Final[dict[bytes, tuple[Kind, ...]]] = {}
"""By what `written_value` makes of them, which tells `1` from `1.0` and from `true`."""
_MOST_KNOWN: Final = 64
_LARGEST_KNOWN: Final = 16 * 1024
_WHOLE: Final = frozenset({int})
_MOST: Final = 2**53
"""What JSON can hold exactly."""
