"""Whether two tapes record the same, although a provider makes up new ids and times for every answer.

Recording an unchanged test again against the same answers must leave its tape as it is, byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from pytest_llmtrace._model.matching import is_loopback
from pytest_llmtrace._store.formats import BODY_KEYS


def same_recording(old: Sequence[Any], new: Sequence[Any]) -> bool:
    """Whether the interactions, as data, differ in nothing but what a provider makes up.

    That are times and fingerprints in its answers, and ids: each old one must stand for one new one throughout, and
    in a request only ids that an earlier answer brought may differ. Local servers may listen on another port. Ids
    that mean something (an order number in a tool call) are not told apart here: the golden traces show those.
    """
    comparison = _Comparison()
    try:
        return len(old) == len(new) and all(map(comparison.interaction, old, new))
    except (AttributeError, LookupError, TypeError, RecursionError):
        return False  # the old tape is damaged


class _Comparison:
    """What is known about ids so far."""

    def __init__(self) -> None:
        self._new_names: dict[str, str] = {}
        self._old_names: dict[str, str] = {}
        self._renamed: list[bool] = []
        """For each request whether it has an id that differs: only then may its matching key differ."""

    def interaction(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        """Compare the next pair."""
        return (
            old.get("phase") == new.get("phase")
            and self._request(old["request"], new["request"])
            and (old["key"] == new["key"] or self._renamed[-1])
            and self._response(old["response"], new["response"])
        )

    def _request(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        if old.keys() != new.keys():
            return False
        base = new.get("like")
        self._renamed.append(base is not None and self._renamed[base])
        return all(
            _place(old[key]) == _place(new[key]) if key == "url" else self._sent(old[key], new[key]) for key in new
        )

    def _sent(self, old: Any, new: Any) -> bool:
        """Compare a part of a request."""
        if isinstance(old, dict) and isinstance(new, dict):
            return old.keys() == new.keys() and all(self._sent(old[key], new[key]) for key in new)
        if isinstance(old, list) and isinstance(new, list):
            return len(old) == len(new) and all(map(self._sent, old, new))
        if old == new:
            return type(old) is type(new)
        if isinstance(old, str) and self._new_names.get(old) == new:
            self._renamed[-1] = True
            return True
        return False

    def _response(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        before, after = ({key: data[key] for key in BODY_KEYS if key in data} for data in (old, new))
        return (
            old["status"] == new["status"]
            and _headers(old.get("headers")) == _headers(new.get("headers"))
            and self._answered(before, after, "")
        )

    def _answered(self, old: Any, new: Any, key: str) -> bool:
        """Compare a part of an answer, which stands under `key`."""
        if isinstance(old, dict) and isinstance(new, dict):
            keys = new.keys() - _MADE_UP
            return old.keys() - _MADE_UP == keys and all(
                self._answered(old[one], new[one], one) for one in sorted(keys)
            )
        if isinstance(old, list) and isinstance(new, list):
            return len(old) == len(new) and all(
                self._answered(one, other, key) for one, other in zip(old, new, strict=True)
            )
        if isinstance(old, str) and isinstance(new, str) and key in _IDS:
            return self._new_names.setdefault(old, new) == new and self._old_names.setdefault(new, old) == old
        return type(old) is type(new) and bool(old == new)


def _place(url: Any) -> Any:
    """A URL without the port of a local server."""
    if not isinstance(url, str):
        return url
    try:
        parts = urlsplit(url)
        return parts._replace(netloc="loopback") if is_loopback(parts.hostname or "") else parts
    except ValueError:
        return url


def _headers(headers: Any) -> list[tuple[str, Any]]:
    """The headers that change what a client does."""
    pairs = headers.items() if isinstance(headers, dict) else headers or []
    return [(pair[0], pair[1]) for pair in pairs if pair[0] in ("content-type", "location")]


_MADE_UP: Final = frozenset(
    {
        "created", "created_at", "completed_at", "expires_at", "createTime", "create_time", "system_fingerprint",
        "service_tier", "obfuscation", "request_id", "requestId", "responseId", "x_groq", "time_info", "latencyMs",
        "queue_time", "prompt_time", "completion_time", "total_time", "total_duration", "load_duration",
        "prompt_eval_duration", "eval_duration",
    }
)  # fmt: skip
"""Fields of answers that say when, how fast and by which machine, not what."""
_IDS: Final = frozenset(
    {"id", "call_id", "tool_call_id", "tool_use_id", "toolUseId", "item_id", "response_id", "previous_response_id"}
)
"""Fields of answers that hold an id, which later requests may repeat."""
