"""Clients in native code, which no stub of Python sees."""

CONFTEST = """
    import os

    os.environ["LITELLM_RUST"] = "1"

    def pytest_runtest_logfinish():
        print("afterwards:", os.environ["LITELLM_RUST"])
"""


def test_litellm_stays_in_python_while_a_test_is_traced(project, monkeypatch):
    """Whatever a conftest asked for, the switch of litellm's native client is off in a traced test, and only there."""
    monkeypatch.setenv("LITELLM_RUST", "unset again when this test is over")
    project.write(CONFTEST, "conftest.py", prelude=False)
    project.write(
        """
        import os

        @pytest.fixture(scope="session", autouse=True)
        def in_fixtures():
            assert os.environ["LITELLM_RUST"] == "0"
            yield
            assert os.environ["LITELLM_RUST"] == "0"

        def test_one():
            assert os.environ["LITELLM_RUST"] == "0"
            assert chat("hi")
        """
    )
    for ran in (project.record("-s"), project.replay("-s")):
        assert ran.exit == 0, ran.text
        assert "afterwards: 1" in ran.text
