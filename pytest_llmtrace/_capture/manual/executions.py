"""Executions of tools in a traced test: what is kept of each, and answers from the tape for those that are replayed.

A replayed tool stands on the tape beside HTTP: method ``TOOL``, URL ``tool:NAME``, the arguments as JSON body, and as
answer 200 with the result or 500 with the error. Matching, order and misses are those of HTTP.
"""

from __future__ import annotations

import inspect
import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

from pytest_llmtrace._capture.enclosing import Enclosing, enclosing, innermost, labels_here
from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._capture.labels import Labels
from pytest_llmtrace._capture.manual.copies import copied, error_text
from pytest_llmtrace._capture.manual.wrapping import Scope
from pytest_llmtrace._capture.recorder import Recorder
from pytest_llmtrace._capture.threads import hold, release
from pytest_llmtrace._model.canonical import Json, canonical_json, parse_json
from pytest_llmtrace._model.http import HttpRequest, HttpResponse
from pytest_llmtrace._model.trace import ToolCall


class RecordedToolError(Exception):
    """What a replayed tool raises where the recorded exception's type cannot be found."""


def execution(
    recorder: Recorder,
    name: str,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    replay: bool,
) -> Execution:
    """A tool is about to be executed.

    Raises: what stops a test, where replay has no result.
    """
    arguments = recorder.redacted(copied(bound(function, args, kwargs)))
    exchange = None
    if replay:
        body = canonical_json(arguments).encode("utf-8", "surrogatepass")
        url = f"tool:{quote(name, safe='')}"
        exchange = recorder.open(HttpRequest(method="TOOL", url=url, headers=_JSON, body=body), None)
    outer = _framework_execution(recorder, name, arguments)
    made = Execution(recorder, outer.name if outer is not None else name, arguments, exchange=exchange)
    if outer is not None:
        made.call_id, outer.told_by = outer.call_id, made
    recorder.executions.append(made)
    return made


def _framework_execution(recorder: Recorder, name: str, arguments: Any) -> Execution | None:
    """The execution that a framework reported around this one, where it is the same: its tool is decorated, too."""
    scope = enclosing()
    if scope is None or scope.speaker is None:
        return None
    for one in reversed(recorder.executions):
        if one.inside is scope and one.from_framework:
            same = one.name == name or canonical_json(one.arguments) == canonical_json(arguments)
            return one if same and one.told_by is None else None
    return None


def bound(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that a call gives, by name, without `self` and without defaults."""
    try:
        signature = inspect.signature(function)
        given = signature.bind(*args, **kwargs).arguments
    except (TypeError, ValueError):  # wrong arguments, which the call itself will tell; or a builtin
        return {**{str(position): value for position, value in enumerate(args)}, **kwargs}
    made: dict[str, Any] = {}
    for position, (name, parameter) in enumerate(signature.parameters.items()):
        if name not in given or (position == 0 and name in ("self", "cls")):
            continue
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            made.update(given[name])
        else:
            made[name] = given[name]
    return made


class Execution(Scope):
    """One execution of a tool. Mutable: it is filled while the tool runs."""

    def __init__(
        self,
        recorder: Recorder,
        name: str,
        arguments: Any,
        *,
        exchange: Exchange | None = None,
        framework: tuple[Enclosing, Labels] | None = None,
        call_id: str | None = None,
    ) -> None:
        """An execution that begins.

        Args:
            recorder: Where it is kept.
            name: The tool.
            arguments: What it was given.
            exchange: What stands on the tape for it, for a tool that is replayed.
            framework: Where a framework reports it: what encloses that which happens inside, and its labels.
            call_id: The id of the request for it.
        """
        self._recorder = recorder
        self.name = name
        self.arguments = arguments
        self.call_id = call_id
        self._exchange = exchange
        self.from_framework = framework is not None
        scope = Enclosing(outer=enclosing(), hides=exchange is not None)
        self.inside, self._labels = framework or (scope, labels_here())
        self.told_by: Execution | None = None
        """The execution that the application reports for the same call; it knows better."""
        self._started = time.perf_counter()
        self._ended: float | None = None
        self._chunks: list[Json] = []
        self._result: Json = None
        self.error: str | None = None
        self.cut_off = False
        """Whether it was we who ended it."""
        self.replays = exchange is not None and exchange.response is not None

    def entry(self) -> ToolCall:
        """The entry of the trace. One that never ended says so."""
        labels = self._labels
        error = self.error if self._ended is not None else _OPEN
        return ToolCall(
            name=self.name,
            arguments=self.arguments,
            call_id=self.call_id,
            result=self._result if self._result is not None or not self._chunks else self._chunks,
            error=error,
            executed=True,
            started=self._started - self._recorder.began,
            duration=(self._ended if self._ended is not None else self._started) - self._started,
            session=labels.session,
            agent=labels.agent,
            parent=labels.parent,
            task=labels.task,
            turn=labels.turn,
        )

    def enter(self) -> None:
        hold()
        innermost.set(self.inside)

    def leave(self) -> None:
        release()
        if innermost.get() is self.inside:
            innermost.set(self.inside.outer)

    def chunk(self, value: Any) -> None:
        self._chunks.append(self._plain(value))

    def returned(self, value: Any) -> None:
        self._end(value, None)
        if self._exchange is not None and self._exchange.response is None:
            self._recorder.answered(self._exchange, _response(200, self._json(value)))

    def raised(self, error: BaseException) -> None:
        self.cut_off = self._recorder.cut_off(error)
        self._end(None, error)
        if self._exchange is None or self._exchange.response is not None:
            return
        if isinstance(error, Exception):
            kind = type(error)
            message = error_text(error).partition(": ")[2]
            said = {"type": f"{kind.__module__}.{kind.__qualname__}", "message": message}
            self._recorder.answered(self._exchange, _response(500, json.dumps(said, ensure_ascii=False)))
        else:
            self._recorder.failed(self._exchange, error)

    def replayed(self) -> Any:
        if self._exchange is None or self._exchange.response is None:
            raise LookupError(f"no recorded result of {self.name}")
        data = parse_json(self._exchange.response.body)
        if self._exchange.response.status == _RESULT:
            self._end(data, None)
            return data
        error = recorded_error(data if isinstance(data, dict) else {})
        self._end(None, error)
        raise error

    def _end(self, value: Any, error: BaseException | None) -> None:
        self._ended = time.perf_counter()
        self.inside.over = True
        self._result = self._plain(value)
        if isinstance(error, GeneratorExit):
            return  # the consumer has what it wanted
        self.error = None if error is None else self._recorder.redacted(error_text(error))

    def _plain(self, value: Any) -> Json:
        made: Json = self._recorder.redacted(copied(value))
        return made

    def _json(self, value: Any) -> str:
        """The result as JSON. Raises: what stops a test, where it is recorded and would not come back as it is."""
        text, problem = "null", "JSON would change it: tuples come back as lists, keys as texts"
        try:
            text = json.dumps(value, ensure_ascii=False)
            same = json.loads(text) == value
        except (TypeError, ValueError, RecursionError) as error:
            same, problem = False, str(error)
        if not same and self._recorder.wire in ("fill", "live"):
            kind = type(value).__name__
            self._recorder.stop(
                f"llmtrace: the tool {self.name!r} cannot be recorded for replay, because JSON cannot hold its "
                f"result, a {kind} ({problem}); return JSON data, or use `@llmtrace.tool` without `replay=True`"
            )
        return text


def recorded_error(said: Mapping[str, Any]) -> Exception:
    """The exception that a tool raised when it was recorded, of its own type where the program has that.

    Nothing is imported and no constructor is called: what a file names must not run.
    """
    name, message = str(said.get("type") or ""), str(said.get("message") or "")
    kind = _exception_type(name)
    if kind is None:
        return RecordedToolError(f"{name}: {message}" if name else message)
    made = kind.__new__(kind, message)
    made.args = (message,)
    return made


def _exception_type(name: str) -> type[Exception] | None:
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        found: Any = sys.modules.get(".".join(parts[:length]))
        for part in parts[length:] if found is not None else ():
            found = getattr(found, part, None)
        if isinstance(found, type) and issubclass(found, Exception):
            return found
    return None


def _response(status: int, body: str) -> HttpResponse:
    return HttpResponse(status=status, headers=_JSON, body=body.encode("utf-8", "surrogatepass"))


_JSON: Final = (("content-type", "application/json"),)
_RESULT: Final = 200
_OPEN: Final = "still running when the test ended"
