"""The traces of the tests as the page reads them: linear in what was said, however often a history repeats it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._report.document.attempts import Payload, owners
from pytest_llmtrace._report.html.blocks import Values

_SHARED: Final = ("arguments", "result", "data", "params")
"""Fields of entries that may be large, and the same in many."""


def packed_by_key(payloads: Sequence[Payload]) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
    """The packed entries of each owner's last attempt, where it has any, by node id (and golden trace, of a fixture).

    Several where a test was run several times on purpose, or called models in its teardown too.
    """
    found = {}
    for owner in owners(payloads):
        packed = [payload["entries"] for payload in owner.last if payload.get("entries")]
        packed = [one for one in packed if one["entries"] or one.get("golden")]
        if packed:
            found[owner.nodeid, (owner.golden or "") if owner.fixture else ""] = packed
    return found


def trace_data(packed: Mapping[str, Any], values: Values) -> dict[str, Any]:
    """One trace, with every message, tool schema and large value as the number that it has in `values`.

    ``{"entries", "conversations", "golden": {"entries", "conversations"} | null, "before", "sides",
    "stopped"}``. The history of
    a call is what it takes from the turn that it follows, in runs ``[from, count]``, and the numbers of the messages
    that it adds; `brought` are the messages to show in a turn.
    """
    messages = [values.number(message) for message in packed["messages"]]
    tools = [values.number(tool) for tool in packed["tools"]]
    golden = packed.get("golden")
    return {
        **_side(packed, messages, tools, values),
        "golden": _side(golden, messages, tools, values) if golden else None,
        "before": packed["before"],
        "sides": packed.get("sides"),
        "stopped": packed.get("stopped", False),
    }


def history_steps(base: Sequence[int], numbers: Iterable[int]) -> list[int | list[int]]:
    """A history as steps from the one before it: ``[from, count]`` repeats a run of that, a number is a new message."""
    places: dict[int, int] = {}
    for place, number in enumerate(base):
        places.setdefault(number, place)
    steps: list[int | list[int]] = []
    end = 0
    for number in numbers:
        last = steps[-1] if steps else None
        if isinstance(last, list) and end < len(base) and base[end] == number:
            last[1] += 1
            end += 1
        elif number in places:
            steps.append([places[number], 1])
            end = places[number] + 1
        else:
            steps.append(number)
    return steps


def _side(side: Mapping[str, Any], messages: Sequence[int], tools: Sequence[int], values: Values) -> dict[str, Any]:
    entries = [_entry(entry, tools, values) for entry in side["entries"]]
    conversations = []
    for conversation in side["conversations"]:
        histories: list[list[int]] = []
        turns = []
        for turn in conversation["turns"]:
            call = side["entries"][turn["entry"]]
            sent = [messages[number] for number in call["messages"]]
            base = histories[turn["follows"] - 1] if turn["follows"] else []
            answer = [] if call["output"] is None else [values.number(call["output"])]
            histories.append([*sent, *answer])
            inserted = turn["rewritten"]["inserted"] if turn["rewritten"] else ()
            turns.append(
                {
                    "entry": turn["entry"],
                    "follows": turn["follows"],
                    "history": history_steps(base, sent),
                    "brought": [*(sent[at] for at in inserted), *sent[turn["repeated"] :]],
                    "output": answer[0] if answer else None,
                    "then": turn["then"],
                    "rewritten": turn["rewritten"]
                    and {"kind": turn["rewritten"]["kind"], "dropped": turn["rewritten"]["dropped"]},
                }
            )
        conversations.append({**conversation, "turns": turns})
    return {"entries": entries, "conversations": conversations}


def _entry(entry: Mapping[str, Any], tools: Sequence[int], values: Values) -> dict[str, Any]:
    made = {name: value for name, value in entry.items() if name not in {"messages", "output"}}
    for name in _SHARED:
        if made.get(name) not in (None, {}, []):
            made[name] = values.number(made[name])
        else:
            made.pop(name, None)
    if "tools" in made:
        made["tools"] = [tools[number] for number in made["tools"]]
    return {name: value for name, value in made.items() if value not in (None, [], False, "")}
