from __future__ import annotations

import re
from dataclasses import replace
from textwrap import dedent

from markdown_it import MarkdownIt

from pytest_llmtrace._model.findings import Breach, Drift, Internal, NoCassette
from pytest_llmtrace._report.document.document import document
from pytest_llmtrace._report.files.markdown import COMMENT, markdown
from pytest_llmtrace._report.topics.growth import growth_cells
from tests.unit.report.builders import GOLDEN, chat, payload

A = "tests/test_a.py::test_a"
DRIFT = Drift(
    kind="prompt", conversation="lead", turn=1, path="messages[0].content", golden="Hi.", observed="Ho.", first=True
)


def lines(text: str) -> list[str]:
    """Expected lines, written with the indentation of the test around them."""
    return dedent(text).strip("\n").split("\n")


def test_whole_report():
    """The report holds totals, models, agents, tests, every finding and the unused cassettes."""
    payloads = [
        payload(
            A,
            chat(2),
            DRIFT,
            replace(DRIFT, kind="output", path="output.content", severity="warn", first=False, folded=1),
            golden=chat(1),
        ),
        payload("tests/test_a.py::test_b", [], NoCassette(cassette=GOLDEN)),
        payload(
            "fixture session client", [], Internal(text="KeyError: 'x'", traceback="Traceback:\n  KeyError: 'x'\n")
        ),
    ]
    made = document(
        payloads,
        {A: "failed"},
        mode="trace",
        breaches=[Breach(scope="run", what="usd", limit=0.0001, value=0.0002)],
        unused=["tests/cassettes/test_gone.trace.yaml"],
    )

    assert list(markdown(made)) == lines(
        """
        ## ❌ LLM calls: failed

        **1 of 2 tests and 1 fixture drifted, 1 without a recording, 1 that could not be judged; the budget of the run is breached.**

        2 tests, 2 calls, 200 tokens in, 20 out, cost $0.0002 (+100 % against the golden traces); 0 live calls, paid $0. Mode: trace.

        **Budget breached** (`the run`): `cost $0.0002 of $0.0001 allowed`

        ### Findings

        <details><summary>❌ <code>tests/test_a.py::test_a</code>: <code>lead turn 1 prompt changed (messages[0].content)</code> and 1 more</summary>

        * `lead turn 1 prompt changed (messages[0].content)` ← first divergence

          ```diff
          -  Hi.
          +  Ho.
          ```
        * `lead turn 1 answer changed (output.content), 1 more follows from it` (warning)

          ```diff
          -  Hi.
          +  Ho.
          ```

        To accept it:

        ```
        pytest --llm-record "tests/test_a.py::test_a"
        ```

        </details>

        <details><summary>❌ <code>tests/test_a.py::test_b</code>: <code>no recording at tests/cassettes/test_refund/test_refund.trace.yaml</code></summary>

        * `no recording at tests/cassettes/test_refund/test_refund.trace.yaml`

        To record it:

        ```
        pytest --llm-record "tests/test_a.py::test_b"
        ```

        </details>

        <details><summary>❌ <code>fixture session client</code>: <code>KeyError: &#x27;x&#x27;</code></summary>

        * `KeyError: 'x'`

          ```
          Traceback:
            KeyError: 'x'
          ```

        </details>

        ### Growth

        | Test | Tokens | Cost | Golden | Now |
        |---|--:|--:|--:|--:|
        | `tests/test_a.py::test_a` | +100 % | +100 % | $0.0001 | $0.0002 |

        ### Cost

        | Model | Calls | Tokens in | Tokens out | Cost |
        |---|--:|--:|--:|--:|
        | `openai/gpt-4o-mini` | 2 | 200 | 20 | $0.0002 |

        | Agent | Calls | Tokens in | Tokens out | Cost |
        |---|--:|--:|--:|--:|
        | `lead` | 2 | 200 | 20 | $0.0002 |

        <details><summary><b>2 tests and 1 fixture</b></summary>

        | Test | Outcome | Calls | Tokens in | Tokens out | Cost | Golden | Findings |
        |---|---|--:|--:|--:|--:|--:|--:|
        | `tests/test_a.py::test_a` | failed | 2 | 200 | 20 | $0.0002 | $0.0001 | 2 |
        | `tests/test_a.py::test_b` | unknown | 0 | 0 | 0 | $0 |  | 1 |
        | `fixture session client` | failed | 0 | 0 | 0 | $0 |  | 1 |

        </details>

        <details><summary><b>1 unused cassette</b></summary>

        * `tests/cassettes/test_gone.trace.yaml`

        </details>
        """  # noqa: E501  # lines of a report
    )


def test_a_model_without_a_price():
    """The lines that price it stand below the budget that cannot be checked, to be copied."""
    breach = Breach(scope="tests", what="usd", limit=1, value=None, models=("acme",), source="usd of [x]")
    shown = list(markdown(document([], {}, mode="trace", breaches=[breach])))
    start = shown.index("```toml")
    assert shown[start - 2 : start + 5] == [
        "To price what has no price, add to pyproject.toml, in dollars per token:",
        "",
        "```toml",
        '[tool.llmtrace.prices."acme"]',
        "input_cost_per_token = 1e-6   # what your provider charges",
        "output_cost_per_token = 2e-6",
        "```",
    ]


def test_nothing_to_report():
    """A run without calls says only that."""
    assert list(markdown(document([], {}, mode="trace"))) == lines(
        """
        ## ✅ LLM calls: ok

        **No drift, no budget breached.**

        0 tests, 0 calls, 0 tokens in, 0 out, cost $0; 0 live calls, paid $0. Mode: trace.
        """
    )


def test_hostile_text_stays_text():
    """Names, prompts and errors cannot become markup, HTML, mentions, table cells or the end of a code block."""
    evil = "`` | <b> @me **b**\x1b\n# x"
    calls = [replace(chat(1)[0], model=evil, provider="", agent="`", cost=None)]
    drift = replace(DRIFT, conversation=evil, path="", golden="````\n# no title", observed=None)
    made = document([payload(f"t.py::{evil}", calls, drift)], {}, mode="trace", unused=[evil])

    assert list(markdown(made)) == lines(
        """
        ## ❌ LLM calls: failed

        **1 test drifted.**

        1 test, 1 call, 100 tokens in, 10 out, cost ?; 0 live calls, paid $0. Mode: trace.

        ### Findings

        <details open><summary>❌ <code>t.py::`` | &lt;b&gt; @me **b**\\x1b\\n# x</code>: <code>`` | &lt;b&gt; @me **b**\\x1b\\n# x turn 1 prompt gone</code></summary>

        * ``` `` | <b> @me **b**\\x1b\\n# x turn 1 prompt gone ``` ← first divergence

          `````diff
          -  ````
          -  # no title
          `````

        To accept it:

        ```
        pytest --llm-record 't.py::`` | <b> @me **b**\\x1b\\n# x'
        ```

        </details>

        ### Cost

        | Model | Calls | Tokens in | Tokens out | Cost |
        |---|--:|--:|--:|--:|
        | ``` `` \\| <b> @me **b**\\x1b\\n# x ``` | 1 | 100 | 10 | ? |

        | Agent | Calls | Tokens in | Tokens out | Cost |
        |---|--:|--:|--:|--:|
        | `` ` `` | 1 | 100 | 10 | ? |

        <details><summary><b>1 test</b></summary>

        | Test | Outcome | Calls | Tokens in | Tokens out | Cost | Golden | Findings |
        |---|---|--:|--:|--:|--:|--:|--:|
        | ```t.py::`` \\| <b> @me **b**\\x1b\\n# x``` | unknown | 1 | 100 | 10 | ? |  | 1 |

        </details>

        <details><summary><b>1 unused cassette</b></summary>

        * ``` `` | <b> @me **b**\\x1b\\n# x ```

        </details>
        """  # noqa: E501  # lines of a report
    )


def test_hostile_text_as_it_is_rendered():
    """A CommonMark parser finds no markup, link, image or HTML but the report's own, and every mention inside code."""
    evil = [
        "@me",
        "<img src=x onerror=y>",
        "[a](http://b)",
        "**b**",
        "```\n# t\n@me",
        "a \\| b | c",
        "</code>@me",
        "&#64;me",
    ]
    calls = [replace(chat(1)[0], model=text, provider="", agent=text) for text in evil]
    drifts = [replace(DRIFT, conversation=text, golden=text, observed=f"{text}\n</details>\n@me") for text in evil]
    internal = Internal(text="".join(evil), traceback="\n".join(evil))
    made = document(
        [payload(f"t.py::{text}", calls, *drifts, internal) for text in evil], {}, mode="trace", unused=evil
    )

    parser = MarkdownIt("commonmark").enable("table")
    tokens = parser.parse("\n".join(markdown(made, 10**8)))
    spans = [child for token in tokens for child in token.children or ()]
    tags = re.compile(r"</?details( open)?>|</?summary>|</?b>|</?code>")
    html = [token.content for token in (*tokens, *spans) if token.type in {"html_block", "html_inline"}]
    assert {token.type for token in spans} <= {"text", "code_inline", "strong_open", "strong_close", "html_inline"}
    assert {tag for text in html for tag in re.findall("<[^>]*>", text) if not tags.fullmatch(tag)} == set()
    assert [text for text in html if "@" in re.sub("<code>.*?</code>", "", text)] == []
    assert [token.content for token in spans if token.type == "text" and re.search("@|http|img", token.content)] == []
    rows = [line for line in markdown(made, 10**8) if line.startswith("| ") and " c" in line]
    assert {len(re.split(r"(?<!\\)\|", row.replace("\\\\", ""))) for row in rows} == {7, 10}


def test_long_reports_are_cut():
    """Of very many tests and findings the first are listed, and the rest counted."""
    payloads = [payload(f"t.py::test_{number:03}", [], *[DRIFT] * 25) for number in range(201)]

    found = list(markdown(document(payloads, {}, mode="trace"), 10**8))

    assert "and 1 more test." in found
    assert found.count("* and 5 more findings") == 201


def test_a_report_fits_into_a_comment():
    """Findings that are too many for a comment are counted, and what the run cost still stands there."""
    payloads = [payload(f"t.py::test_{number:03}", chat(1), *[DRIFT] * 25) for number in range(150)]
    made = document(payloads, {}, mode="trace")

    found = list(markdown(made))

    assert sum(len(line.encode()) + 1 for line in found) <= COMMENT
    (rest,) = [line for line in found if line.endswith("with findings.")]
    shown = sum(1 for line in found if line.startswith("<details><summary>❌"))
    assert rest == f"and {150 - shown} more tests with findings."
    assert "| `openai/gpt-4o-mini` | 150 | 15,000 | 1,500 | $0.015 |" in found


def test_what_does_not_fit_is_left_out_where_nothing_is_open():
    """A report that is cut ends outside of code blocks and folded parts, and says how much is missing."""
    made = document([payload(f"t.py::test_{number:03}", chat(1), DRIFT) for number in range(9)], {}, mode="trace")
    whole = list(markdown(made))
    note = "left out for want of room. A `.json` report (`--llm-report`) has everything."

    for room in range(700, 4_000, 100):
        found = list(markdown(made, room))
        assert sum(len(line.encode()) + 1 for line in found) <= room
        assert found.count("</details>") == sum(1 for line in found if line.startswith("<details"))
        assert sum(1 for line in found if line.strip().startswith("```")) % 2 == 0
        assert found == list(markdown(made, 10**8)) or found[-1].endswith((note, "</details>"))
    assert whole == list(markdown(made, 10**8))


def test_budgets_that_hold_say_how_much_of_them_is_used():
    """Each stands on a line of its own, under what the run cost."""
    budgets = [
        {"scope": "run", "what": "usd", "limit": 0.001, "value": 0.0002, "source": "--llm-budget"},
        {"scope": "tests/x", "what": "calls", "limit": 4, "value": 2, "source": "pyproject.toml"},
    ]
    found = list(markdown(document([payload(A, chat(2))], {}, mode="trace", budgets=budgets)))

    assert found[5:8] == [
        "",
        "* Budget: `cost $0.0002 of $0.001 allowed (20 %)`",
        "* Budget: `tests/x: calls 2 of 4 allowed (50 %)`",
    ]


def test_of_a_repeated_test_the_golden_trace_counts_as_often_as_it_ran():
    """Its costs are those of all runs; beside one golden trace they would look like growth."""
    runs = {"count": 3, "failed": 0, "threshold": 0.5}
    repeated = payload("t.py::three", chat(6), golden=chat(1), mode="live") | {"runs": runs}
    made = document([repeated], {"t.py::three": "passed"}, mode="live")
    found = list(markdown(made))
    assert "| `t.py::three` | +100 % | +100 % | $0.0003 | $0.0006 |" in found
    assert "| `t.py::three` | passed | 6 | 600 | 60 | $0.0006 | $0.0003 |  |" in found
    assert growth_cells(made["tests"][0]) == ("660", "330", "+100 %", "$0.0006", "$0.0003", "+100 %")


def test_growth_names_the_tests_that_changed():
    """Those that changed most come first."""
    payloads = [
        payload("t.py::same", chat(2), golden=chat(2)),
        payload("t.py::more", chat(3), golden=chat(2)),
        payload("t.py::less", chat(1), golden=chat(4)),
        payload("t.py::new", chat(1)),
    ]
    found = list(markdown(document(payloads, {}, mode="trace")))

    start = found.index("### Growth")
    assert found[start + 2 : start + 6] == [
        "| Test | Tokens | Cost | Golden | Now |",
        "|---|--:|--:|--:|--:|",
        "| `t.py::less` | -75 % | -75 % | $0.0004 | $0.0001 |",
        "| `t.py::more` | +50 % | +50 % | $0.0002 | $0.0003 |",
    ]
    assert "cost $0.0007 (-25 % against the golden traces)" in found[4]
