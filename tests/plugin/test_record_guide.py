"""What docs/how-to/record.md shows holds: its output, its table of modes, and what it says of recordings cut short."""

import re
from pathlib import Path

import pytest

from tests.plugin.conftest import Project
from tests.provider import Provider

GUIDE = (Path(__file__).parents[2] / "docs/how-to/record.md").read_text("utf-8")
SOURCE = """
    TOOLS = [{"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}
             for name in ("lookup_order", "refund")]

    def agent(question, system="Look the order up."):
        client = openai.OpenAI(base_url=URL, api_key="sk-plugin-0123456789", max_retries=0)
        messages = [{"role": "system", "content": system}, {"role": "user", "content": question}]
        while True:
            answer = client.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=TOOLS)
            message = answer.choices[0].message
            messages.append(message.model_dump(exclude_none=True))
            if not message.tool_calls:
                return message.content
            for call in message.tool_calls:
                messages.append({"role": "tool", "tool_call_id": call.id, "content": "14 days ago"})

    def test_recent():
        assert agent("Refund order 7")

    def test_other():
        assert chat("hi")

    def test_another():
        assert chat("ho")
"""
GIFT = """
    def test_gift():
        assert agent("Refund the gift 8")
"""
RULES = [
    {"user": "gift", "text": "No."},
    {"user": "Refund", "tool_results": 0, "tool_calls": [{"lookup_order": {}}]},
    {"user": "Refund", "tool_results": 1, "system": "twice", "text": "It is too late."},
    {"user": "Refund", "tool_results": 1, "tool_calls": [{"refund": {}}]},
    {"user": "Refund", "text": "Done."},
]


@pytest.fixture
def shop(pytester):
    """The recorded project of the guide."""
    with Provider(RULES) as provider:
        made = Project(pytester, provider)
        made.write(SOURCE.replace("URL", repr(provider.openai_url)), "test_refund.py")
        made.record()
        yield made


def block(language, start):
    """The lines of the one block of the guide in a language that has a text in it, numbers left out."""
    (found,) = [one for one in re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL) if start in one]
    return shape(found)


def shape(text):
    """Text without numbers, and with the line ends and blanks of a terminal as one."""
    return re.sub(r"\s+", " ", re.sub(r"[-+$]*\d[\d.,]*( %)?", "N", text)).strip()


def printed(ran, first):
    """What a run printed from a line on, up to pytest's last line."""
    return shape(re.search(rf"^{first}.*?(?=^===)", ran.text, re.DOTALL | re.MULTILINE)[0])


def test_the_output_and_the_modes_of_the_guide(shop):
    """A dry run, and a recording of what changed, print what the guide shows; each mode asks and writes as it says."""
    shop.edit("Look the order up.", "Check twice.", "test_refund.py")
    path = shop.path / "test_refund.py"
    without = path.read_text("utf-8")
    shop.write(GIFT, "gift.py", prelude=False)
    path.write_text(without + (shop.path / "gift.py").read_text("utf-8"), encoding="utf-8")
    command, _, output = block("console", "--llm-dry-run").partition(" would record")
    assert command == "$ pytest --llm-record --llm-dry-run"
    assert printed(shop.run(*command.split()[2:]), "would record") == f"would record{output}"
    path.write_text(without, encoding="utf-8")
    modes = dict(re.findall(r"^\| `(--llm-record[^`]*)`.*\| (.*) \|$", GUIDE, re.MULTILINE))
    assert list(modes.values()) == ["what changed", "new tests alone", "every test that calls an LLM"]
    plain, new, everything = (mode.split() for mode in modes)
    assert shop.run(*new).findings("test_recent") == [("drift", "prompt")]
    assert printed(shop.record(*plain), "recorded") == block("text", "recorded")
    assert shop.record(*everything).requests == 4


def test_a_test_that_its_answers_failed_gets_others_when_everything_is_asked_anew(shop):
    """The next recording answers from the journal, and says how to have others."""
    shop.edit('assert chat("hi")', 'assert not chat("hey")', "test_refund.py")
    recorded = [shop.run("--llm-record", *mode, "-k", "test_other") for mode in ((), (), ("--llm-record-mode=all",))]
    assert [ran.requests for ran in recorded] == [1, 0, 1]
    assert "for other answers: --llm-record-mode=all" in " ".join(recorded[1].text.split())
    assert "Ask for others with `--llm-record-mode=all`" in re.sub(r"\s+", " ", GUIDE)
