"""Files grow with what was said, not with how often it was sent."""

AGENT = """
    TURNS = {turns}

    def test_agent():
        messages = [{{"role": "system", "content": "You count. " * 20}}]
        for turn in range(TURNS):
            messages.append({{"role": "user", "content": f"This is question number {{turn}}. " * 5}})
            messages.append({{"role": "assistant", "content": chat(*messages)}})
"""


def test_a_tape_and_a_golden_grow_linearly_with_turns(project):
    """Fifty turns take about twice the bytes of twenty-five, in both files."""
    sizes = {}
    for turns in (25, 50):
        project.write(AGENT.format(turns=turns), f"test_{turns}.py")
        assert project.record(f"test_{turns}.py").requests == turns
        files = project.cassettes()
        sizes[turns] = {
            kind: len(files[f"cassettes/test_{turns}/test_agent.{kind}"]) for kind in ("trace.yaml", "tape.json")
        }
    for kind in ("trace.yaml", "tape.json"):
        assert sizes[50][kind] < 2.1 * sizes[25][kind], sizes
    project.provider.stop()
    assert project.replay().exit == 0
