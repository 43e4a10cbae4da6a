"""Requests to LLM providers that are no calls of a model, or that no dialect can read."""

from __future__ import annotations

from tests.plugin.conftest import Project

INTERACTION = """
- request: {{method: POST, uri: "https://api.openai.com/v1/{path}", body: '{{}}', headers: {{}}}}
  response:
    status: {{code: 200, message: OK}}
    headers: {{content-type: [application/json]}}
    body: {{string: '{{}}'}}
"""
TEST = """
    import httpx

    def test_one():
        for path in ("novel", "vector_stores"):
            httpx.post(f"https://api.openai.com/v1/{path}", json={})
"""


def test_what_no_dialect_reads_is_replayed_and_said_to_be_unread(project: Project) -> None:
    """A request that manages something is replayed in silence."""
    project.write(TEST)
    cassette = project.path / "cassettes" / "test_it" / "test_one.yaml"
    cassette.parent.mkdir(parents=True)
    interactions = "".join(INTERACTION.format(path=path) for path in ("novel", "vector_stores"))
    cassette.write_text(f"version: 1\ninteractions:{interactions}", encoding="utf-8")

    recorded, replayed = project.record(), project.replay()

    for ran in (recorded, replayed):
        assert ran.exit == 0, ran.text
        assert ran.test("test_one")["not_understood"] == ["POST https://api.openai.com/v1/novel"]
        assert "1 request to LLM providers not understood: on the tape, not in traces or totals" in ran.text
