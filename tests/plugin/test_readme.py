"""The five minutes of README.md, followed as they are written."""

import re
from pathlib import Path

from tests.plugin.conftest import Project
from tests.provider import Provider

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
STEPS = README.partition("## Five minutes")[2].partition("\n## ")[0]


def test_the_five_minutes(pytester, monkeypatch):
    """Record with a key, replay without, break the prompt, and accept with the command that the failure names."""
    with Provider([{"user": "France", "text": "Paris"}]) as provider:
        monkeypatch.setenv("OPENAI_BASE_URL", provider.openai_url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-readme-0123456789")
        project = Project(pytester, provider)
        source = STEPS.partition("```python\n")[2].partition("```")[0]
        project.write(source, "test_capital.py", prelude=False)
        assert project.record().requests == 1
        said = re.findall(r"^ +(cassettes/\S+) ", STEPS, re.MULTILINE)
        assert sorted(said) == sorted(project.cassettes())
        assert not any(b"sk-readme" in content for content in project.cassettes().values())
        monkeypatch.delenv("OPENAI_API_KEY")
        project.replay().outcomes(passed=1)
        (written,) = re.findall(r'write "(.*?)" in the prompt', STEPS)
        project.edit("Answer with the name of the city alone.", written, "test_capital.py")
        ran = project.replay()
        assert f"      -  Answer with the name of the city alone.\n      +  {written}\n" in ran.text
        (command,) = re.findall(r'accept  pytest (--llm-record) "test_capital.py::test_capital"', ran.text)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-readme-0123456789")
        assert project.run(command, "test_capital.py::test_capital").requests == 1
        project.replay().outcomes(passed=1)
