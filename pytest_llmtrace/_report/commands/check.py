"""What a check of cassettes found, in words and as data."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from pytest_llmtrace._model.checked import Checked, Problem, ProblemKind
from pytest_llmtrace._model.record_flag import working
from pytest_llmtrace._report.clean import clean, clean_line
from pytest_llmtrace._report.layout import CUT, Line, cut_end, cut_middle, wrapped
from pytest_llmtrace._report.wording import plural


def check_lines(found: Checked, width: int) -> Iterator[Line]:
    """Each problem under its file, with the way out, and the count."""
    for file, problems in _by_file(found.problems).items():
        yield Line(text=clean_line(file), markup={"bold": True})
        for problem in problems:
            where = "" if problem.line is None else f"line {problem.line}: "
            mark = {"red": True} if problem.severity == "fail" else {"yellow": True}
            head, *rest = wrapped(f"{where}{_what(problem)}", width - 4)
            yield Line(text=f"  {'x' if problem.severity == 'fail' else '!'} {head}", markup=mark)
            yield from (Line(text=f"    {line}", markup=mark) for line in rest)
        for way_out in dict.fromkeys(_way_out(problem) for problem in problems):
            yield from (
                Line(text=f"    {line}", markup={"faint": True}) for line in wrapped(way_out, width - 4) if line
            )
        yield Line(text="")
    yield _count(found)


def check_data(found: Checked) -> dict[str, Any]:
    """The same as data."""
    return {
        "ok": not found.failed,
        "cassettes": found.cassettes,
        "locked": found.locked,
        **({"files": found.files, "bytes": found.size} if found.files is not None else {}),
        "problems": [
            {
                "file": problem.file.as_posix(),
                "test": problem.test,
                "line": problem.line,
                "kind": problem.kind,
                "severity": problem.severity,
                "text": _what(problem),
                "way_out": _way_out(problem),
                "facts": dict(problem.facts),
            }
            for problem in found.problems
        ],
    }


def _by_file(problems: Iterable[Problem]) -> Mapping[str, list[Problem]]:
    made: dict[str, list[Problem]] = {}
    for problem in problems:
        made.setdefault(problem.file.as_posix(), []).append(problem)
    return made


def _count(found: Checked) -> Line:
    failing = sum(1 for problem in found.problems if problem.severity == "fail")
    warnings = len(found.problems) - failing
    searched = f"{plural(found.files or 0, 'file')} ({found.size / 1e6:.1f} MB) searched for secrets"
    parts = [f"{plural(found.cassettes, 'cassette')} checked" if found.files is None else searched]
    parts += [plural(failing, "problem")] if failing else ["no problem"]
    parts += [plural(warnings, "warning")] if warnings else []
    text = ", ".join(parts)
    if found.locked:
        text += f"; {plural(found.locked, 'encrypted tape')} could not be opened without LLMTRACE_KEY"
    return Line(text=text, markup={"red" if failing else "green": True, "bold": True})


def _what(problem: Problem) -> str:
    return _WORDS[problem.kind](problem.facts)


def _way_out(problem: Problem) -> str:
    way_out = _WAYS_OUT[problem.kind]
    text = way_out(problem.facts) if callable(way_out) else way_out
    if problem.test is not None and "::" in problem.test:
        text = text.replace("TEST", _word(problem.test) if len(problem.test) <= _LONGEST_NAME else "TEST")
    return working(text).replace("FILE", _word(problem.file.as_posix()))


def _name(test: str) -> str:
    """A test as a file calls it, of any length there."""
    return cut_middle(clean_line(test), _LONGEST_NAME)


def _word(name: str) -> str:
    """A name as one word of a command that somebody will copy."""
    return clean_line(shlex.quote(name))


def _unreadable(facts: Mapping[str, Any]) -> str:
    """What the reader says, without the name of the file and the way out, which stand beside it."""
    complaint = clean(facts["text"]).split("\n")[0]
    return complaint.partition(": this cassette file cannot be read: ")[2] or complaint


def _secret(facts: Mapping[str, Any]) -> str:
    shown = f" ({clean_line(facts['shown'])})" if facts["shown"] else ""
    return f"there is a secret in it: {facts['what']}{shown}"


def _disagree(facts: Mapping[str, Any]) -> str:
    about = facts["about"]
    if about == "test":
        sides = [f"{name} is of {_name(facts[key])}" for key, name in _SIDES.items() if key in facts]
        return f"the files are of different tests: {', '.join(sides)}"
    if about == "totals":
        golden, tape = facts["golden"], facts["tape"]
        return f"golden trace and tape disagree: {plural(golden, 'call')} in one, {tape} in the other"
    if about in _MISSTATED:
        return _MISSTATED[about]
    where = f"{clean_line(facts['conversation'])} turn {facts['turn']}, {clean_line(facts['path'])}"
    if "golden" not in facts:
        return f"golden trace and tape disagree: {where}"
    golden, tape = _quoted(facts["golden"], facts["tape"])
    return f"golden trace and tape disagree: {where} is {golden} in one, {tape} in the other"


def _quoted(golden: Any, tape: Any) -> tuple[str, str]:
    """Both sides; of long texts the part in which they differ."""
    start = 0
    if isinstance(golden, str) and isinstance(tape, str):
        same = next((at for at, pair in enumerate(zip(golden, tape, strict=False)) if pair[0] != pair[1]), 0)
        start = max(same - _BEFORE, 0)
    return _part(golden, start), _part(tape, start)


def _part(value: Any, start: int) -> str:
    if value is None:
        return "missing"
    text = f"{CUT}{value[start:]}" if start else value
    return cut_end(clean_line(repr(text)), _QUOTED)


def _no_golden(facts: Mapping[str, Any]) -> str:
    if facts.get("variant"):
        return f"the golden trace that it is a variant of is gone ({clean_line(facts['golden'])})"
    return "imported, and not recorded yet" if facts["imported"] else "there is no golden trace beside it"


def _no_tape(facts: Mapping[str, Any]) -> str:
    gone = "is gone, and git still has it" if facts["known"] else "is not there, so a replay cannot answer its calls"
    return f"its tape {clean_line(facts['tape'].rpartition('/')[2])} {gone}"


def _no_test(facts: Mapping[str, Any]) -> str:
    gone = f"there is no {_name(facts['source'])}" if facts["gone"] else f"it is not in {_name(facts['source'])}"
    return f"its test {_name(facts['test'])} is gone: {gone}"


_LONGEST_NAME: Final = 500
_QUOTED: Final = 60
_BEFORE: Final = 20
"""Characters of the same that stand before a difference."""
_MISSTATED: Final = {
    "amounts": "its tape says that it came to other tokens, or cost something else",
    "behaviour": "its tape vouches for something else than what it says, and replay takes the tape's word",
    "outline": "its outline is that of another tape, and a replay that is the recording takes the outline's word",
}
_SIDES: Final = {"golden": "the golden trace", "tape": "the tape", "variant": "the variant"}
_WORDS: Final[Mapping[ProblemKind, Callable[[Mapping[str, Any]], str]]] = {
    "conflict": lambda _: "a merge left its conflict markers here",
    "broken": _unreadable,
    "newer": lambda facts: clean(facts["text"]).split("\n")[0].partition(": ")[2],
    "secret": _secret,
    "repeated": lambda facts: (
        f"it holds a history more than once: {facts['size']:,} characters, {facts['needed']:,} would do"
    ),
    "disagree": _disagree,
    "no_golden": _no_golden,
    "no_tape": _no_tape,
    "untracked": lambda facts: (
        f"git {'ignores it' if facts['ignored'] else 'does not know it'}, and has {clean_line(facts['known'])}"
    ),
    "no_test": _no_test,
    "misplaced": lambda facts: (
        f"it is of {_name(facts['test'])}, which looks for its cassette at {_name(facts['expected'])}"
    ),
    "line_ends": lambda _: "it has Windows line ends",
    "journal": lambda _: "this is what a recording that was cut short has paid for, and nothing to commit",
}
_AGAIN: Final = "Record the test again: `pytest --llm-record TEST`."
_WAYS_OUT: Final[Mapping[ProblemKind, str | Callable[[Mapping[str, Any]], str]]] = {
    "conflict": (
        "Take one side of both files (`git checkout --theirs -- FILE`), then `pytest --llm-record TEST`, which pays "
        "only for what that side does not answer."
    ),
    "broken": lambda facts: clean(facts["text"]).partition("\n")[2],
    "newer": lambda facts: clean(facts["text"]).partition("\n")[2],
    "secret": (
        "Revoke it first, then record again: that takes out what has the form of a key, stands in its place, or is the "
        "value of a variable that is named as keys are; `llm_redact` and the hook pytest_llmtrace_redact do the rest. "
        "What is no secret: `--allow REGEX` here, `llm_secrets_allow` for recordings."
    ),
    "repeated": _AGAIN,
    "disagree": f"{_AGAIN} What was edited or merged by hand on one side is then right on both.",
    "no_golden": lambda facts: (
        "`pytest --llm-record` makes the golden trace from the tape, without live calls."
        if facts.get("imported")
        else f"`git checkout -- {_word(facts['golden'])}` may bring it back; `llmtrace prune` lists the unused."
    ),
    "no_tape": lambda facts: f"Bring it back: `git checkout -- {_word(facts['tape'])}`." if facts["known"] else _AGAIN,
    "untracked": lambda facts: (
        "Elsewhere the test cannot be replayed. Where that is meant, `llm_tapes = off` says so."
        if facts["ignored"]
        else "Commit both: `git add -- FILE`."
    ),
    "no_test": (
        "`llmtrace prune` lists and deletes what no test uses. If the test was renamed, move its files, or record it."
    ),
    "misplaced": "Move it there, or delete it.",
    "line_ends": "Put `*.trace.yaml text eol=lf` and `*.tape.json text eol=lf` into .gitattributes.",
    "journal": "Run `pytest --llm-record` to finish it, and put `*.journal.jsonl` into .gitignore.",
}
