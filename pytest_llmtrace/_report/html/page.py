"""The page: the template, filled with the sources and the data of one run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.document.attempts import Payload
from pytest_llmtrace._report.html.assets import policy, program, source, style
from pytest_llmtrace._report.html.blocks import Block, Values, block
from pytest_llmtrace._report.html.headline import facts, headline
from pytest_llmtrace._report.html.run_data import causes, key_of, rows_of, run_data, whole_row
from pytest_llmtrace._report.html.traces import packed_by_key
from pytest_llmtrace._report.wording import finding_line


def html_page(document: Mapping[str, Any], payloads: Sequence[Payload]) -> Iterator[str]:
    """The pieces of the report's text.

    Args:
        document: The run.
        payloads: What it was drawn from; where they carry no entries, or there are none, the report has no transcripts.
    """
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - only where an HTML report is asked for

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    yield from environment.from_string(source("page.html.j2")).generate(
        headline=headline(document),
        facts=facts(document),
        failed=document["exit"] != "ok",
        mode=document["mode"],
        plain_rows=[
            (clean_line(row["nodeid"]), row["outcome"], [finding_line(finding) for finding in row["findings"]])
            for row in rows_of(document)
            if row["findings"]
        ],
        policy=policy(),
        style=style(),
        program=program(),
        blocks=_blocks(document, payloads),
    )


def _blocks(document: Mapping[str, Any], payloads: Sequence[Payload]) -> Iterator[Block]:
    """The data: a block per test, then the values that they share, then what the page reads first."""
    values = Values()
    packed = packed_by_key(payloads)
    rows = rows_of(document)
    for number, row in enumerate(rows):
        yield block(f"test-{number}", whole_row(row, packed.get(key_of(row), ()), values))
    shared = causes(rows, values)
    pages = []
    for first, page in values.pages():
        pages.append(first)
        yield page
    yield block("run", run_data(document, rows, packed.keys(), shared, pages))
