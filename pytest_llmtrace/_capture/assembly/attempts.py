"""Which HTTP exchanges are the attempts of one call, and which litellm calls they were made for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pytest_llmtrace._capture.assembly.origin import made_for
from pytest_llmtrace._capture.assembly.serverside import Responses, fetched_response
from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._capture.from_litellm.call import LitellmCall, continues
from pytest_llmtrace._model.trace import LLMCall


@dataclass(slots=True, kw_only=True, eq=False)
class Group:
    """The exchanges of one call."""

    exchanges: list[Exchange]
    owners: list[LitellmCall] = field(default_factory=list)
    """The litellm calls that they were made for: several where a Router tried again."""

    fetches: list[Exchange] = field(default_factory=list)
    """Requests that asked for the answer later: it came in the background."""

    @property
    def answer(self) -> Exchange:
        """The exchange that brought the answer as it was last seen."""
        brought = [one for one in self.fetches if one.status is not None and one.status < _REFUSED]
        return brought[-1] if brought else self.exchanges[-1]

    @property
    def litellm(self) -> LitellmCall | None:
        """The litellm call that had the answer, or was the last one without."""
        return self.owners[-1] if self.owners else None

    def own(self, call: LitellmCall) -> None:
        """Note a litellm call that exchanges were made for."""
        if all(one is not call for one in self.owners):
            self.owners.append(call)


def grouped(exchanges: Iterable[Exchange]) -> list[Group]:
    """Put the attempts of one call together.

    They are those of one litellm call, else a request that is repeated after it failed: by an SDK, or by a litellm
    Router, whose every attempt is a litellm call of its own.
    """
    groups: list[Group] = []
    by_litellm: dict[int, Group] = {}
    by_response: Responses[Group] = Responses()
    failed: dict[str, list[Group]] = {}
    for exchange in exchanges:
        named = fetched_response(exchange.request)
        if named is not None and (background := by_response.find(named)) is not None:
            background.fetches.append(exchange)
            continue
        owner = made_for(exchange)
        group = by_litellm.get(id(owner)) if owner is not None else None
        if group is not None and not group.exchanges[-1].retryable:
            owner = group = None  # that call had its answer: this one only inherited the context
        waiting = failed.get(exchange.key, [])
        if group is None:
            group = next((one for one in waiting if _is_next_try(exchange, owner, one)), None)
        if group is None:
            group = Group(exchanges=[])
            groups.append(group)
        waiting[:] = [one for one in waiting if one is not group]
        if owner is not None:
            group.own(owner)
            by_litellm[id(owner)] = group
        group.exchanges.append(exchange)
        by_response.add(group, exchange.request, exchange.response)
        if exchange.retryable:
            failed.setdefault(exchange.key, []).append(group)
    return groups


def adopt(parsed: list[tuple[Group, LLMCall]], free: list[LitellmCall]) -> list[LitellmCall]:
    """Join litellm calls whose context did not reach their HTTP request with it, by what was asked.

    litellm runs the event before some asynchronous calls in an executor, where a context variable is lost.
    """
    left = []
    for lone in free:
        found = None
        if not lone.kwargs.get("cache_hit"):
            found = next(
                (
                    group
                    for group, call in parsed
                    if (group.litellm is None or continues(lone, group.litellm)) and _asks_the_same(lone, call, group)
                ),
                None,
            )
        if found is None:
            left.append(lone)
        else:
            found.own(lone)
    return left


def _is_next_try(exchange: Exchange, owner: LitellmCall | None, group: Group) -> bool:
    last = group.exchanges[-1]
    if not last.retryable or last.enclosing is not exchange.enclosing:
        return False
    same_call = owner is group.litellm or (owner is not None and continues(owner, group.litellm))
    return same_call and last.ended is not None and last.ended <= exchange.started


def _asks_the_same(lone: LitellmCall, call: LLMCall, group: Group) -> bool:
    model = lone.model or str(lone.kwargs.get("model") or "")
    if call.model not in (model, model.rpartition("/")[2]):
        return False
    if not any(lone.started <= one.started <= (lone.ended or one.started) for one in group.exchanges):
        return False
    sent = lone.recorder.redacted(lone.asked)
    if isinstance(sent, str):
        return sent == _REDACTED or any(message.text == sent for message in call.messages)
    if isinstance(sent, list) and sent and all(isinstance(one, str) for one in sent):
        return [message.text for message in call.messages] == sent
    if isinstance(sent, list) and sent and isinstance(sent[-1], Mapping):
        wanted = sent[-1].get("content")
        return (
            not isinstance(wanted, str)
            or wanted == _REDACTED
            or any(message.text == wanted for message in call.messages)
        )
    return False


_REFUSED: Final = 400
_REDACTED: Final = "redacted-by-litellm"
"""What litellm's `turn_off_message_logging` leaves of messages, where the event before the call was not heard."""
