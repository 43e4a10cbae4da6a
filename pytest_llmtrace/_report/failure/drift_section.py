"""Drift, conversation by conversation and turn by turn."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._model.canonical import parse_json
from pytest_llmtrace._model.conversations import Turn
from pytest_llmtrace._model.findings import Drift
from pytest_llmtrace._model.stand_ins import is_stand_in
from pytest_llmtrace._model.verdict import Verdict
from pytest_llmtrace._report.brief import compact, output_line, request_line, value_text, whole_text
from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.document.payload import finding_data
from pytest_llmtrace._report.layout import cut_end, cut_middle, display_width, pad, wrapped
from pytest_llmtrace._report.text_diff import text_diff
from pytest_llmtrace._report.topics.sides import Row, Sides, is_elsewhere, rows_of, sides_of
from pytest_llmtrace._report.wording import change, drift_title, joined, plural, ranges, turns

_FIRST: Final = "<- first divergence"
_MARKS: Final = {"drift": "~", "added": "+", "missing": "-"}
_PART: Final = re.compile(r"messages\[(\d+)\]\.content\[(\d+)\]\.digest")
_DETAILED: Final = 8
"""Differences that are shown in full; the others are named."""
_ROWS_SHOWN: Final = 40
_DRIFTING_SHOWN: Final = 12
_CALM_SHOWN: Final = 4
"""Conversations without drift that are listed one by one."""


def drift_section(verdict: Verdict, drifts: Sequence[Drift], width: int) -> Iterator[list[str]]:
    """A block of lines per conversation, which may be empty; those without drift share one."""
    if not drifts:
        return
    data: list[dict[str, Any]] = [finding_data(drift) | {"rules": drift.suggestion} for drift in drifts]
    by_label: dict[str, list[dict[str, Any]]] = {}
    folded: dict[str, set[int]] = {}
    for drift in data:
        by_label.setdefault(drift["conversation"], []).append(drift)
        for label, turn in _places(drift):
            folded.setdefault(label, set()).add(turn)
    fewer = _made_fewer(verdict, drifts)
    calm: list[str] = []
    detailed = shown = left_out = 0
    for sides in sides_of(verdict, list(by_label)):
        mine = [drift for label in sorted(sides.labels) for drift in by_label.get(label, ())]
        elsewhere = {turn for label in sides.labels for turn in folded.get(label, ())}
        if mine and shown >= _DRIFTING_SHOWN and not any(drift["first"] for drift in mine):
            left_out += 1
        elif mine:
            rows = rows_of(sides, mine, elsewhere, stopped=verdict.stopped, fewer=fewer)
            heading = cut_end(f"  {_heading(sides, compared=verdict.golden is not None)}", width)
            yield [heading, *_rows(sides, rows, detailed, width)]
            detailed += len(mine)
            shown += 1
        elif sides.golden:
            calm.append(_calm(sides, elsewhere, stopped=verdict.stopped, width=width))
    yield [f"  and drift in {plural(left_out, 'more conversation')}"] if left_out else []
    if len(calm) > _CALM_SHOWN:
        calm = [*calm[: _CALM_SHOWN - 1], f"  and {len(calm) - _CALM_SHOWN + 1} more conversations without drift"]
    yield calm


def _made_fewer(verdict: Verdict, drifts: Sequence[Drift]) -> bool:
    """Whether fewer calls were made than recorded, and no difference says so: the policy does not count them."""
    recorded, made = (
        sum(len(one.turns) for one in conversations) for conversations in (verdict.golden or (), verdict.observed)
    )
    return made < recorded and all(drift.kind != "call_missing" for drift in drifts)


def _rows(sides: Sides, rows: Sequence[Row], detailed: int, width: int) -> Iterator[str]:
    """The turns, in full as long as not too many differences have been shown; the first one gets the most room."""
    for row in rows[:_ROWS_SHOWN]:
        yield _row_line(row, width)
        place = ""
        for drift in row.drifts:
            if detailed < _DETAILED or drift["first"]:
                lines = list(_details(sides, row, drift, width, limit=16 if drift["first"] or not detailed else 8))
                same = drift["path"] and lines[:1] == [place]  # what is gone, and what came in its place
                place = lines[0] if lines else ""
                yield from lines[1:] if same else lines
            detailed += 1
    if len(rows) > _ROWS_SHOWN:
        yield f"    … {plural(len(rows) - _ROWS_SHOWN, 'more line')}"


def _heading(sides: Sides, *, compared: bool) -> str:
    """``lead · gpt-4o-mini · 3 turns recorded, 1 made``."""
    recorded, made = len(sides.golden_turns), len(sides.observed_turns)
    if sides.observed and not sides.golden:
        counts = f"{plural(made, 'turn')} made" + (", not in the golden trace" if compared else "")
    elif sides.golden and not sides.observed:
        counts = f"{plural(recorded, 'turn')} recorded, none made"
    elif recorded != made:
        counts = f"{plural(recorded, 'turn')} recorded, {made} made"
    else:
        counts = plural(recorded, "turn") if recorded else ""
    name = clean_line(sides.label) or "outside any conversation"
    return " · ".join(part for part in (name, _models(sides), counts) if part)


def _models(sides: Sides) -> str:
    turns_made = sides.golden_turns or sides.observed_turns
    names = list(dict.fromkeys(clean_line(turn.call.model) for turn in turns_made if turn.call.model))
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def _calm(sides: Sides, elsewhere: set[int], *, stopped: bool, width: int) -> str:
    if sides.golden and not sides.observed:
        state = "not reached" if stopped else "not made"
    elif elsewhere:
        state = "follows from the drift above"
    else:
        left = len(sides.golden_turns) - len(sides.observed_turns)
        state = f"ok, {left} not reached" if stopped and left > 0 else "ok"
    parts = (clean_line(sides.label), _models(sides), plural(len(sides.golden_turns or sides.observed_turns), "turn"))
    return cut_end(f"  {' · '.join(part for part in parts if part)}  {state}", width)


def _row_line(row: Row, width: int) -> str:
    if not row.drifts:
        return f"    turn {ranges(row.turns)}  {row.status}"
    title = drift_title(row.drifts)
    if all(drift["severity"] == "warn" for drift in row.drifts):
        title += " (warning)"
    number = f"turn {row.turns[0]}  " if row.turns[0] > 0 else ""
    line = f"  {_MARKS[row.status]} {number}{title}"
    if not any(drift["first"] for drift in row.drifts):
        return line
    if display_width(line) + len(_FIRST) + 2 > width:
        return f"{line}  {_FIRST}"
    return pad(line, width - len(_FIRST)) + _FIRST


def _details(sides: Sides, row: Row, drift: Mapping[str, Any], width: int, limit: int) -> Iterator[str]:
    if row.status in {"added", "missing"}:
        yield from _whole_call(sides, row, drift, width)
    elif drift["kind"] == "order" and isinstance(drift["golden"], int) and isinstance(drift["observed"], int):
        yield f"      {_moved(drift)}"
        turn = _turn(sides.golden_turns, drift["golden"]) if drift["path"] == "turn" else None
        if turn is not None:
            yield f"         {request_line(turn.call, turn.added, width - 9)}"
    else:
        notes = [drift["role"]] if drift.get("role") else []
        notes += _medium(sides, row, drift)
        notes += ["private"] if _is_private(drift) else []
        notes += ["warning"] if drift["severity"] == "warn" and len(row.drifts) > 1 else []
        if drift["path"]:
            note = f" ({clean_line(', '.join(notes))})" if notes else ""
            yield cut_middle(f"      {clean_line(drift['path'])}{note}", width)
        golden, observed = _texts(drift["golden"], drift["observed"], width - 9)
        if golden is not None or observed is not None:
            yield from (f"      {line}" for line in text_diff(golden, observed, width - 6, limit))
        if drift["rules"]:
            yield from _suggestion(drift["rules"])
        if drift.get("policy_severity"):
            kind, severity = drift["kind"], drift["policy_severity"]
            text = f"the policy says `{kind} = {severity}`, but the tape has no answer to what is sent now"
            yield from (f"      {line}" for line in wrapped(text, width - 6))
    if drift["folded"]:
        for text in _consequences(sides, drift):
            yield from (f"      {line}" for line in wrapped(text, width - 6))


def _medium(sides: Sides, row: Row, drift: Mapping[str, Any]) -> list[str]:
    """Of a digest that stands for an image, a sound or a file: which of them it is."""
    found, turn = _PART.fullmatch(drift["path"]), _turn(sides.golden_turns, row.turns[0])
    if found is None or turn is None:
        return []
    at, place = map(int, found.groups())
    content = turn.call.messages[at]["content"] if at < len(turn.call.messages) else None
    part = content[place] if isinstance(content, (list, tuple)) and place < len(content) else None
    return [str(part.get("media_type") or part.get("type"))] if isinstance(part, Mapping) else []


def _suggestion(rules: Sequence[str]) -> Iterator[str]:
    """Rules to write, ready to paste into the ini file."""
    if len(rules) == 1:
        yield f"      `llm_normalize = {rules[0]}` in the ini file would absorb it"
        return
    yield "      these rules in the ini file would absorb it:"
    yield "        llm_normalize ="
    yield from (f"            {rule}" for rule in rules)


def _is_private(drift: Mapping[str, Any]) -> bool:
    """Whether a value is shown as a stand-in."""
    return any(isinstance(value, str) and is_stand_in(value) for value in (drift["golden"], drift["observed"]))


def _moved(drift: Mapping[str, Any]) -> str:
    """What came at another place, from its positions: ``turn 2 came as turn 3``."""
    name, bracket, _ = clean_line(drift["path"]).partition("[")
    old, new = (f"{name}[{at}]" if bracket else f"{name} {at}" for at in (drift["golden"], drift["observed"]))
    return f"{old} came as {new}"


def _whole_call(sides: Sides, row: Row, drift: Mapping[str, Any], width: int) -> Iterator[str]:
    """What a call that is too many, or missing, was about."""
    added = row.status == "added"
    mark = "+" if added else "-"
    known = sides.observed_turns if added else sides.golden_turns
    turn = None if is_elsewhere(sides, drift) else _turn(known, row.turns[0])
    value = drift["observed"] if added else drift["golden"]
    if turn is not None:
        yield f"      {mark}  {request_line(turn.call, turn.added, width - 9)}"
        if turn.call.status != "missed":
            yield f"      {mark}  {output_line(turn.call, width - 9)}"
    elif isinstance(value, Mapping):
        yield from (f"      {mark}  {cut_end(line, width - 9)}" for line in _said(value))
    if isinstance(value, Mapping) and "again" in value:
        yield "      it was made more often than it was recorded"


def _said(call: Mapping[str, Any]) -> Iterator[str]:
    """A call that is described in short: what was said last, and what was answered."""
    for name, value in call.items():
        if name not in {"model", "again"}:
            speaker = "assistant" if name in {"output", "tool_calls"} else name
            text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
            yield f"{clean_line(speaker)}: {clean_line(text)}"


def _turn(known: Sequence[Turn], number: int) -> Turn | None:
    return known[number - 1] if 0 < number <= len(known) else None


def _texts(golden: Any, observed: Any, room: int) -> tuple[str | None, str | None]:
    """Both values as text: data, JSON text included, indented where one line does not hold it."""
    if golden is None or observed is None:
        old, new = (None if one is None else whole_text(one) for one in (golden, observed))
        return old, new
    old, new = value_text(golden), value_text(observed)
    if old == new:  # 7 and "7"
        old, new = compact(golden), compact(observed)
    if max(len(old), len(new)) <= room:
        return old, new
    parsed = [parse_json(value) if isinstance(value, str) else value for value in (golden, observed)]
    if all(isinstance(value, (dict, list)) for value in parsed):
        indented = [json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) for value in parsed]
        if indented[0] != indented[1]:
            return indented[0], indented[1]
    return old, new


def _places(drift: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Where else a difference shows: conversation and turn."""
    for place in drift["folded_at"]:
        label, _, turn = place.rpartition(" turn ")
        if turn.isdecimal():
            yield label, int(turn)


def _consequences(sides: Sides, drift: Mapping[str, Any]) -> Iterator[str]:
    """Where else a difference shows: ``also in turns 2-5, and in writer turn 1``."""
    of_messages = drift["kind"] not in {"call_added", "call_missing"} and drift["path"] != "turn"
    places: dict[str, list[int]] = {}
    beside = 0
    for label, turn in _places(drift):
        if of_messages and label in sides.labels and turn == drift["turn"]:
            beside += 1
        else:
            places.setdefault("" if label in sides.labels else clean_line(label), []).append(turn)
    if beside:
        yield f"and {plural(beside, 'more message')} {'moved' if drift['kind'] == 'order' else change(drift)} with it"
    here = places.pop("", None)
    parts = [turns(here)] if here else []
    parts += [f"in {label} {turns(numbers)}" for label, numbers in list(places.items())[:4]]
    if len(places) > 4:
        parts.append(f"in {plural(len(places) - 4, 'more conversation')}")
    if parts:
        text = joined(parts).replace(" and in ", ", and in ") if here and len(parts) > 1 else joined(parts)
        yield f"also in {text.removeprefix('in ')}"
    elif drift["folded"] > beside:
        left = drift["folded"] - beside
        yield f"{plural(left, 'more difference')} follow{'s' if left == 1 else ''} from it"
