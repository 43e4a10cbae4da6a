from __future__ import annotations

from dataclasses import replace
from textwrap import dedent

from pytest_llmtrace._model.findings import Breach, Drift, Internal, NoCassette
from pytest_llmtrace._report.document.document import document
from pytest_llmtrace._report.files.markdown import markdown
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
        # LLM calls: failed

        2 tests, 2 calls, 200 tokens in, 20 out, cost $0.0002; 0 live calls, paid $0. Mode: trace.

        **Budget breached** (`run`): `cost $0.0002 of $0.0001 allowed`

        | Model | Calls | Tokens in | Tokens out | Cost |
        |---|--:|--:|--:|--:|
        | `openai/gpt-4o-mini` | 2 | 200 | 20 | $0.0002 |

        | Agent | Calls | Tokens in | Tokens out | Cost |
        |---|--:|--:|--:|--:|
        | `lead` | 2 | 200 | 20 | $0.0002 |

        ## Tests

        | Test | Outcome | Calls | Tokens in | Tokens out | Cost | Golden | Findings |
        |---|---|--:|--:|--:|--:|--:|--:|
        | `tests/test_a.py::test_a` | failed | 2 | 200 | 20 | $0.0002 | $0.0001 | 2 |
        | `tests/test_a.py::test_b` | unknown | 0 | 0 | 0 | $0 |  | 1 |
        | `fixture session client` | failed | 0 | 0 | 0 | $0 |  | 1 |

        ## Findings

        ### `tests/test_a.py::test_a`

        * `lead turn 1 prompt changed (messages[0].content)` ← first divergence

          ```diff
          -  Hi.
          +  Ho.
          ```
        * `lead turn 1 answer changed (output.content), 1 more follow from it` (warning)

          ```diff
          -  Hi.
          +  Ho.
          ```

        To accept it:

        ```
        pytest --llm-record "tests/test_a.py::test_a"
        ```

        ### `tests/test_a.py::test_b`

        * `no recording at tests/cassettes/test_refund/test_refund.trace.yaml`

        To record it:

        ```
        pytest --llm-record "tests/test_a.py::test_b"
        ```

        ### `fixture session client`

        * `KeyError: 'x'`

          ```
          Traceback:
            KeyError: 'x'
          ```

        ## Unused cassettes

        * `tests/cassettes/test_gone.trace.yaml`
        """
    )


def test_nothing_to_report():
    """A run without calls is two lines."""
    assert list(markdown(document([], {}, mode="trace"))) == lines(
        """
        # LLM calls: ok

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
        # LLM calls: failed

        1 test, 1 call, 100 tokens in, 10 out, cost ?; 0 live calls, paid $0. Mode: trace.

        | Model | Calls | Tokens in | Tokens out | Cost |
        |---|--:|--:|--:|--:|
        | ``` `` \\| <b> @me **b**\\x1b\\n# x ``` | 1 | 100 | 10 | ? |

        | Agent | Calls | Tokens in | Tokens out | Cost |
        |---|--:|--:|--:|--:|
        | `` ` `` | 1 | 100 | 10 | ? |

        ## Tests

        | Test | Outcome | Calls | Tokens in | Tokens out | Cost | Golden | Findings |
        |---|---|--:|--:|--:|--:|--:|--:|
        | ```t.py::`` \\| <b> @me **b**\\x1b\\n# x``` | unknown | 1 | 100 | 10 | ? |  | 1 |

        ## Findings

        ### ```t.py::`` | <b> @me **b**\\x1b\\n# x```

        * ``` `` | <b> @me **b**\\x1b\\n# x turn 1 prompt gone ``` ← first divergence

          `````diff
          -  ````
          -  # no title
          `````

        To accept it:

        ```
        pytest --llm-record 't.py::`` | <b> @me **b**\\x1b\\n# x'
        ```

        ## Unused cassettes

        * ``` `` | <b> @me **b**\\x1b\\n# x ```
        """
    )


def test_long_reports_are_cut():
    """Of very many tests and findings the first are listed, and the rest counted."""
    payloads = [payload(f"t.py::test_{number:03}", [], *[DRIFT] * 25) for number in range(201)]

    found = list(markdown(document(payloads, {}, mode="trace")))

    assert "and 1 more test." in found
    assert found.count("* and 5 more findings") == 201
