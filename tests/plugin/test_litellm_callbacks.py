"""litellm callbacks of the user: they get what they would get without us, and traces stay right beside them."""

import inspect

import pytest

HEAD = """
    import asyncio, copy, json, pickle
    import litellm
    from litellm.integrations.custom_logger import CustomLogger

    LISTS = ("input_callback", "success_callback", "failure_callback", "_async_success_callback",
             "_async_failure_callback", "callbacks")

    @pytest.fixture(autouse=True)
    def fresh(monkeypatch):
        for name in LISTS:
            monkeypatch.setattr(litellm, name, [])

    SAID = {{"model": "openai/gpt-4o-mini", "messages": [{{"role": "user", "content": "hi"}}],
            "api_base": {url!r}, "api_key": "k"}}

    def ask(**more):
        return litellm.completion(**SAID, **more).choices[0].message.content

    def ask_async(**more):
        async def go():
            answer = await litellm.acompletion(**SAID, **more)
            for _ in range(3):
                await asyncio.sleep(0)  # litellm creates a task that fills the queue
            worker = litellm.litellm_core_utils.logging_worker.GLOBAL_LOGGING_WORKER
            await worker.flush()
            await worker._queue.join()  # 1.83 does not wait for what has begun
            await worker.stop()  # it would die with the loop
            return answer.choices[0].message.content
        return asyncio.run(go())

    def settle(seen, count):
        import time
        until = time.monotonic() + 5
        while len(seen) < count and time.monotonic() < until:
            time.sleep(0.002)

    class Seen(CustomLogger):
        def __init__(self):
            super().__init__()
            self.events = []
        def log_pre_api_call(self, model, messages, kwargs):
            self.events.append(("pre", kwargs))
        def log_success_event(self, kwargs, response_obj, start_time, end_time):
            self.events.append(("success", kwargs))
        async def async_log_success_event(self, kwargs, response_obj, start_time, end_time):
            self.events.append(("async success", kwargs))
        def log_failure_event(self, kwargs, response_obj, start_time, end_time):
            self.events.append(("failure", kwargs))
"""


@pytest.fixture
def litellm_project(project, litellm):
    """Tests with litellm, whose own warnings at its first call are none of ours."""
    project.pytester.makeini("[pytest]\nfilterwarnings = ignore\n")

    def write(body):
        project.write(HEAD.format(url=project.provider.openai_url) + body)
        return project

    return write


CALLBACKS = {
    "counted": """
    def test_one():
        seen = Seen()
        litellm.callbacks = [seen]
        assert ask() == "You said: hi"
        settle(seen.events, 2)
        assert ask_async() == "You said: hi"
        assert [name for name, _ in seen.events] == ["pre", "success", "pre", "async success"]
""",
    "copied": """
    def test_one():
        seen = Seen()
        litellm.callbacks = [seen]
        for _ in range(2):
            ask()
        settle(seen.events, 4)
        for _, kwargs in seen.events:
            ours = {name: kwargs.get(name) for name in ("_llmtrace", "model")}  # litellm may still add to the others
            assert json.loads(json.dumps(ours, default=str))["_llmtrace"] in (None, "<llmtrace>")
            copied = copy.deepcopy({name: kwargs[name] for name in ("_llmtrace", "messages") if name in kwargs})
            assert copied["messages"] == SAID["messages"]
            assert pickle.loads(pickle.dumps(copied)).get("_llmtrace") is None
            try:
                import orjson
            except ImportError:
                continue
            assert orjson.loads(orjson.dumps(ours, default=str))["model"] == "gpt-4o-mini"
""",
    "functions in lists": """
    def test_one():
        seen = []
        litellm.success_callback = [lambda kwargs, response, start, end: seen.append(kwargs["model"])]
        ask()
        settle(seen, 1)
        litellm.success_callback = []
        ask()
        assert seen == ["gpt-4o-mini"]
""",
    "reset": """
    def test_one():
        ask()
        litellm.logging_callback_manager._reset_all_callbacks()
        ask()
""",
    "raising": """
    class Raises(CustomLogger):
        def log_pre_api_call(self, model, messages, kwargs):
            raise ValueError("mine")
        def log_success_event(self, kwargs, response_obj, start_time, end_time):
            raise ValueError("mine")

    def test_one():
        litellm.callbacks = [Raises()]
        ask()
        ask()
""",
    "per call": """
    def test_one():
        seen = Seen()
        ask(callbacks=[seen])
        ask()
        settle(seen.events, 2)
        assert seen.events[0][0] == "pre"
""",
    "messages off": """
    def test_one(monkeypatch):
        monkeypatch.setattr(litellm, "turn_off_message_logging", True)
        seen = Seen()
        litellm.callbacks = [seen]
        ask()
        settle(seen.events, 2)
        assert "redacted" in str(seen.events[1][1]["messages"])
        ask_async()
""",
    "no log": """
    def test_one():
        ask(**{"no-log": True})
        ask_async(**{"no-log": True})
""",
}


def _drops_functions():
    """Whether litellm itself leaves functions out (1.83 does), with this plugin or without it."""
    from litellm.litellm_core_utils.litellm_logging import Logging

    return "else CustomLogger()" not in inspect.getsource(Logging)


@pytest.mark.parametrize("case", CALLBACKS)
def test_callbacks_of_the_user_and_the_trace_do_not_disturb_each_other(litellm_project, case):
    """Two calls are recorded whole and replayed, whatever the test does with litellm's callbacks."""
    if case == "functions in lists" and _drops_functions():
        pytest.skip("this litellm calls no function before something else has made a logger")
    project = litellm_project(CALLBACKS[case])
    plain = project.run()
    plain.outcomes(passed=1)
    recorded = project.record()
    assert (recorded.requests, recorded.test("test_one")["calls"]) == (2, 2)
    golden = project.cassettes()["cassettes/test_it/test_one.trace.yaml"].decode()
    assert (golden.count("You said: hi"), "redacted" in golden) == (2, False)
    replayed = project.replay()
    assert replayed.exit == 0, replayed.text
    assert replayed.test("test_one")["calls"] == 2


LOST = """
    def test_one(llm_trace):
        {reset}
        assert ask(mock_response="canned") == "canned"
        assert len(llm_trace.calls) == 1  # what litellm's threads have to say is said
        {reset}
        assert ask(mock_response="canned") == "canned"
"""


@pytest.mark.parametrize(
    "reset",
    ["pass", "litellm.success_callback = []", "litellm.logging_callback_manager._reset_all_callbacks()"],
)
def test_calls_that_never_reach_http_are_traced_after_a_reset(litellm_project, reset):
    """A test that empties litellm's lists does not take calls out of its trace."""
    project = litellm_project(LOST.format(reset=reset))
    recorded = project.record()
    assert (recorded.requests, recorded.test("test_one")["calls"]) == (0, 2)
    assert project.replay().exit == 0


UNREAD = """
    from pathlib import Path
    from litellm.litellm_core_utils import litellm_logging

    MADE = "get_standard_logging_object_payload"

    def tell(answer, metadata):
        hidden = answer._hidden_params
        said = {"cost": hidden["response_cost"], "hidden": sorted(hidden), "answer": sorted(answer.model_dump()),
                "metadata": sorted(metadata), "same": metadata["hidden_params"] is hidden}
        with Path("seen.jsonl").open("a") as file:
            file.write(json.dumps(said) + "\\n")

    @pytest.mark.parametrize("more", [{}, {"logger_fn": lambda details: None}], ids=["unread", "read"])
    def test_one(monkeypatch, more):
        records, original = [], getattr(litellm_logging, MADE)
        monkeypatch.setattr(litellm_logging, MADE, lambda *args, **named: records.append(1) or original(*args, **named))
        pool = litellm.litellm_core_utils.thread_pool_executor.executor
        given, submit = [], pool.submit
        monkeypatch.setattr(pool, "submit", lambda *args, **named: given.append(submit(*args, **named)) or given[-1])
        metadata = {"agent": "a"}
        answer = litellm.completion(**SAID, metadata=metadata, **more)
        [one.result() for one in given]
        tell(answer, metadata)

        async def go():
            metadata = {"agent": "a"}
            answer = await litellm.acompletion(**SAID, metadata=metadata, **more)
            for _ in range(3):
                await asyncio.sleep(0)
            worker = litellm.litellm_core_utils.logging_worker.GLOBAL_LOGGING_WORKER
            await worker.flush()
            await worker._queue.join()
            await worker.stop()
            tell(answer, metadata)

        asyncio.run(go())
        with Path("made.jsonl").open("a") as file:
            file.write(f"{len(records)}\\n")
"""


def test_litellm_makes_no_record_of_a_replayed_call_that_nobody_reads(litellm_project):
    """The application sees of its calls what it would see, and the trace is the same; whoever asks gets the record."""
    project = litellm_project(UNREAD)
    recorded = project.record()
    assert recorded.requests == 4
    replayed = project.replay()
    assert replayed.exit == 0, replayed.text
    assert (project.path / "made.jsonl").read_text("utf-8").split() == ["2", "2", "0", "2"]
    seen = (project.path / "seen.jsonl").read_text("utf-8").splitlines()
    assert seen[:4] == seen[4:]
    for name in ("test_one[unread]", "test_one[read]"):
        assert replayed.test(name)["cost_usd"] == recorded.test(name)["cost_usd"] > 0
