"""Scripts: rules that say which request gets which answer."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from tests.provider.question import Question

ScriptSource = None | str | Path | Iterable["Rule | Mapping[str, Any] | str"]
"""Nothing (echo), a YAML or JSON file, or a list of rules, of mappings with a rule's fields, and of turns as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One answer and when to give it. The first rule that matches and is not used up answers; no rule: echo."""

    # When: every field that is given must hold.

    model: str | None = None
    """The model asked for; ``*`` stands for anything."""
    user: str | re.Pattern[str] | None = None
    """Contained in the last thing the user said; a pattern, or text like ``/this/``, is searched for."""
    system: str | re.Pattern[str] | None = None
    """The same for the system prompt."""
    tool_results: bool | int | str | re.Pattern[str] | None = None
    """Tool results since the user last spoke: whether there are any, how many, or what one of them contains."""
    nth: int | None = None
    """The how-manieth request to this provider, from 1."""
    path: str | None = None
    """End of the path. A path that is no LLM API is answered only by a rule that names it."""
    times: int | None = None
    """How many requests this rule answers before it is used up; `None`: any number."""

    # What: an answer, an error, or a fault.

    text: str | Mapping[str, Any] | Sequence[Any] | None = None
    """The answer; data is answered as JSON text."""
    tool_calls: Sequence[Mapping[str, Any]] = ()
    """Tools the model wants: ``[{name: arguments}, ...]``; arguments given as text are sent as they are."""
    usage: Mapping[str, int] | Literal[False] | None = None
    """Token counts (see `tests.provider.answer.Usage`); what is missing is counted in words. `False`: say nothing."""
    finish: str | None = None
    """The finish reason in OpenAI's words (``length``, ``content_filter``), where it is not the natural one."""
    answer_model: str | None = None
    """The model that the answer names, where it is not the one asked for."""
    status: int = 200
    """An error status makes the answer an error of the API's kind, with `text` as its message."""
    retry_after: float | None = None
    """Seconds, for the ``retry-after`` header."""
    delay: float = 0.0
    """Seconds until the answer begins."""
    wait: threading.Event | None = None
    """The answer begins when this is set."""
    wire: bytes | None = None
    """Sent as it is instead of an answer, from the status line on, whatever it says; then the connection is closed."""
    stall: bool = False
    """After `wire`, keep the connection open and send nothing more."""
    reset: bool = False
    """Reset the connection instead of answering, or after `wire`."""
    truncate: int | None = None
    """Break the connection after so many events of a stream, or bytes of a JSON body."""

    def __post_init__(self) -> None:
        if any(len(call) != 1 for call in self.tool_calls):
            raise ValueError(f"`tool_calls` is a list of {{name: arguments}}, one tool each, not {self.tool_calls!r}")

    def matches(self, question: Question) -> bool:
        """Whether every condition holds, `times` aside."""
        return (
            (self.model is None or fnmatchcase(question.model, self.model))
            and (self.user is None or _found(self.user, question.user))
            and (self.system is None or _found(self.system, question.system))
            and (self.nth is None or self.nth == question.number)
            and (bool(question.api) if self.path is None else question.path.endswith(self.path))
            and self._matches_results(question.tool_results)
        )

    def _matches_results(self, results: Sequence[str]) -> bool:
        match self.tool_results:
            case None:
                return True
            case bool(wanted):
                return wanted == bool(results)
            case int(count):
                return count == len(results)
            case wanted_text:
                return any(_found(wanted_text, result) for result in results)


ECHO = Rule()
"""The rule for requests that no other rule answers."""


class Script:
    """Rules in order, and how often each has answered. Safe to use from several threads."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self._rules = tuple(rules)
        self._used: Counter[int] = Counter()
        self._lock = threading.Lock()

    def choose(self, question: Question) -> Rule:
        """The rule that answers, counted as used."""
        with self._lock:
            for position, rule in enumerate(self._rules):
                if (rule.times is None or self._used[position] < rule.times) and rule.matches(question):
                    self._used[position] += 1
                    return rule
        return ECHO

    def rewind(self) -> None:
        """Start again with no rule used."""
        with self._lock:
            self._used.clear()


def load_script(source: ScriptSource) -> tuple[Rule, ...]:
    """The rules of a script. Text in a list is a turn: the answer to one request, whatever it asks.

    Raises:
        ValueError: a rule has a field that rules do not have.
        TypeError: the file does not hold a list.
    """
    if source is None:
        return ()
    if isinstance(source, str | Path):
        return load_script(_read(Path(source)))
    return tuple(_rule(item) for item in source)


def _read(path: Path) -> list[Any]:
    text = path.read_text("utf-8")
    if path.suffix == ".json":
        data = json.loads(text)
    else:
        import yaml  # comes with vcrpy; a script in Python or JSON does not need it

        data = yaml.safe_load(text)
    if not isinstance(data, list):
        raise TypeError(f"{path.name}: a script is a list of rules, not {type(data).__name__}")
    return data


def _rule(item: Rule | Mapping[str, Any] | str) -> Rule:
    if isinstance(item, Rule):
        return item
    if isinstance(item, str):
        return Rule(text=item, times=1)
    known = [field.name for field in fields(Rule)]
    unknown = sorted(set(item) - set(known))
    if unknown:
        raise ValueError(f"a rule has no field {unknown[0]!r}; it has {', '.join(known)}")
    return Rule(**item)


def _found(wanted: str | re.Pattern[str], text: str) -> bool:
    if isinstance(wanted, re.Pattern):
        return wanted.search(text) is not None
    if len(wanted) > 2 and wanted.startswith("/") and wanted.endswith("/"):
        return re.search(wanted[1:-1], text) is not None
    return wanted in text
