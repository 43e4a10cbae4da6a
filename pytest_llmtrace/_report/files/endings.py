"""Report files: the ending of a file's name picks its form."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pytest_llmtrace.errors import SettingsError, StorageError

Payload = Mapping[str, Any]
Writer = Callable[[Mapping[str, Any], Sequence[Payload]], Iterable[str]]
"""Makes the pieces of a file's text from the document and the payloads it was drawn from."""


def known_endings() -> tuple[str, ...]:
    """The endings that `--llm-report` takes, sorted."""
    return tuple(sorted(_WRITERS))


def check_ending(path: Path, option: str = "--llm-report=") -> str:
    """The ending of a report file, in lower case.

    Args:
        path: The file.
        option: What named it, up to the name.

    Raises:
        SettingsError: It is none that a report has.
    """
    name = path.name.lower()
    found = [known for known in _WRITERS if name.endswith(known)]
    if found:
        return max(found, key=len)
    ending = path.suffix.lower()
    if ending == ".xml":
        raise SettingsError(
            f"`{option}{path}`: `.xml` is pytest's own JUnit report; use `--junitxml={path}`, and the tests in it "
            "get llmtrace properties"
        )
    raise SettingsError(
        f"`{option}{path}`: cannot tell what to write from the ending {ending!r}; known endings are "
        + ", ".join(f"`{known}`" for known in known_endings())
    )


def needs_entries(path: Path) -> bool:
    """Whether a report file holds full entries, so that payloads must carry them."""
    return path.suffix.lower() in _WITH_ENTRIES and not needs_spans(path)


def needs_spans(path: Path) -> bool:
    """Whether a report file holds spans, so that payloads must carry them."""
    return path.name.lower().endswith(_SPANS)


def write_report(path: Path, document: Mapping[str, Any], payloads: Sequence[Payload]) -> None:
    """Write one report file, the folder it is in included; all or nothing.

    Raises:
        SettingsError: The ending is unknown.
        StorageError: The file cannot be written.
    """
    write_pieces(path, _WRITERS[check_ending(path)](document, payloads))


def write_json(document: Mapping[str, Any], path: Path) -> None:
    """Write the document as JSON.

    Raises:
        StorageError: The file cannot be written.
    """
    write_pieces(path, _json(document, ()))


def _json(document: Mapping[str, Any], _payloads: Sequence[Payload]) -> Iterator[str]:
    """A test a line: that is what `grep` and a diff show, and what is held at once of a large suite."""
    opening = "{"
    for key, value in document.items():
        yield f'{opening}\n "{key}": '
        opening = ","
        if key in _ROWS and value:
            rows = map(json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode, value)
            yield from (f"{',' if number else '['}\n  {row}" for number, row in enumerate(rows))
            yield "\n ]"
        else:
            yield json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False).replace("\n", "\n ")
    yield "\n}\n"


def _jsonl(_document: Mapping[str, Any], payloads: Sequence[Payload]) -> Iterator[str]:
    from pytest_llmtrace._report.document.attempts import owners  # noqa: PLC0415  # of such a report alone, as below
    from pytest_llmtrace._report.document.entries import entry_lines  # noqa: PLC0415

    for owner in owners(payloads):
        for payload in owner.last:
            for line in entry_lines(owner.nodeid, payload.get("entries") or {"entries": ()}):
                yield line + "\n"


def _code_quality(document: Mapping[str, Any], _payloads: Sequence[Payload]) -> Iterator[str]:
    from pytest_llmtrace._report.files.code_quality import code_quality  # noqa: PLC0415

    yield json.dumps(code_quality(document), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _metrics(document: Mapping[str, Any], _payloads: Sequence[Payload]) -> Iterator[str]:
    from pytest_llmtrace._report.files.openmetrics import openmetrics  # noqa: PLC0415

    for line in openmetrics(document):
        yield line + "\n"


def _markdown(document: Mapping[str, Any], _payloads: Sequence[Payload]) -> Iterator[str]:
    from pytest_llmtrace._report.files.markdown import markdown  # noqa: PLC0415

    for line in markdown(document):
        yield line + "\n"


def _spans(document: Mapping[str, Any], payloads: Sequence[Payload]) -> Iterable[str]:
    from pytest_llmtrace._report.spans.of_run import span_lines  # noqa: PLC0415

    return span_lines(document, payloads, os.environ)


def _html(document: Mapping[str, Any], payloads: Sequence[Payload]) -> Iterable[str]:
    from pytest_llmtrace._report.html.page import html_page  # noqa: PLC0415 - imports Jinja2

    return html_page(document, payloads)


_SPANS: Final = "otlp.jsonl"
_WRITERS: Final[Mapping[str, Writer]] = {
    ".html": _html,
    ".json": _json,
    ".jsonl": _jsonl,
    ".md": _markdown,
    "codequality.json": _code_quality,
    "metrics.txt": _metrics,
    _SPANS: _spans,
}
"""By how a file's name ends; the longest ending that fits counts."""
_ROWS: Final = frozenset({"tests", "fixtures"})
"""Keys of the document under which there is a row for each owner."""
_WITH_ENTRIES: Final = frozenset({".html", ".jsonl"})


def write_pieces(path: Path, pieces: Iterable[str]) -> None:
    """Write beside the file and rename, so that nobody reads half a report. Raises: StorageError."""
    target = Path(os.path.realpath(path))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", dir=target.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.writelines(pieces)
            Path(name).chmod(0o666 & ~_umask())
            Path(name).replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise StorageError(f"cannot write the report `{path}`: {error.strerror or error}") from error


def _umask() -> int:
    current = os.umask(0o077)  # for a moment that of other threads, too
    os.umask(current)
    return current
