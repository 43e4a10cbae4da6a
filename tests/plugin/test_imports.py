"""What a traced run imports."""

import json

CALL = """
    import json, urllib.request

    def test_one():
        body = {{"model": "gpt-4o-mini", "messages": [{{"role": "user", "content": "hi"}}]}}
        headers = {{"Content-Type": "application/json", "Authorization": "Bearer sk-plugin-0123456789"}}
        asked = urllib.request.Request({url!r} + "/chat/completions", json.dumps(body).encode(), headers)
        assert b"hi" in urllib.request.urlopen(asked).read()
"""
LATE = """
    import sys

    import pytest

    BODY = {{"model": "gpt-4o-mini", "messages": [{{"role": "user", "content": "ho"}}]}}
    HEADERS = {{"Authorization": "Bearer sk-plugin-0123456789"}}
    ADDRESS = {url!r} + "/chat/completions"

    def test_aiohttp():
        assert not {{"aiohttp", "httpx", "httpx2", "botocore", "requests"}} & sys.modules.keys() or {here}
        import asyncio

        import aiohttp

        async def ask():
            async with aiohttp.ClientSession() as session, session.post(ADDRESS, json=BODY, headers=HEADERS) as answer:
                return await answer.read()

        assert b"ho" in asyncio.run(ask())
        import vcr.patch

        assert vcr.patch._AiohttpClientSessionRequest.__module__ == "aiohttp.client"

    @pytest.mark.parametrize("name", ["httpx", "httpx2"])
    def test_httpx(name):
        assert name not in sys.modules or {here}
        import asyncio, importlib

        httpx = importlib.import_module(name)

        async def ask():
            async with httpx.AsyncClient() as client:
                return (await client.post(ADDRESS, json=BODY, headers=HEADERS)).content

        assert b"ho" in httpx.post(ADDRESS, json=BODY, headers=HEADERS).content
        assert b"ho" in asyncio.run(ask())
        inside = httpx.MockTransport(lambda request: httpx.Response(200, text="from the application"))
        assert httpx.Client(transport=inside).get("http://app.test").text == "from the application"

    def test_own_cassette(tmp_path):
        import vcr
        from vcr.persisters.filesystem import FilesystemPersister
        from vcr.serializers import yamlserializer

        assert "yaml" not in sys.modules or {here}
        recorded = {{"requests": [vcr.request.Request("GET", ADDRESS, None, {{}})], "responses": [{{"body": {{}}}}]}}
        FilesystemPersister.save_cassette(tmp_path / "own.yaml", recorded, yamlserializer)
        assert "uri: " + ADDRESS in (tmp_path / "own.yaml").read_text()
        requests, responses = FilesystemPersister.load_cassette(tmp_path / "own.yaml", yamlserializer)
        assert ([one.uri for one in requests], responses) == ([ADDRESS], recorded["responses"])
        assert vcr.serialize.CASSETTE_FORMAT_VERSION == 1 and not hasattr(vcr.serialize, "other")

    def test_botocore():
        assert not {{"botocore", "requests"}} & sys.modules.keys() or {here}
        from botocore.awsrequest import AWSHTTPConnection, AWSRequest
        from botocore.httpsession import URLLib3Session

        body = b'{{"model": "gpt-4o-mini", "messages": [{{"role": "user", "content": "ho"}}]}}'
        headers = {{"Content-Type": "application/json", "Authorization": "Bearer sk-plugin-0123456789"}}
        asked = AWSRequest("POST", {url!r} + "/chat/completions", headers, body).prepare()
        assert b"ho" in URLLib3Session().send(asked).content
        assert not any(one.__module__.startswith("vcr.") for one in AWSHTTPConnection.__mro__)
        import vcr.patch

        with vcr.patch.contextlib.ExitStack() as reset:
            for one in vcr.patch.reset_patchers():
                reset.enter_context(one)
"""
LOOK = """
    import atexit, gc, json, pathlib, sys, weakref

    class Application: ...

    application = Application()
    application.itself = application
    gone = weakref.ref(application)
    aside = []

    def pytest_sessionfinish():
        global application
        application = None
        gc.collect()
        assert gone() is None  # no collection may pass by what a conftest makes: tests look for what is dropped
        aside.append(gc.get_freeze_count() > 0)
        gc.callbacks.append(lambda _phase, _info: aside.append(gc.get_freeze_count() > 0))

    def pytest_unconfigure():
        pathlib.Path("modules.json").write_text(json.dumps(sorted(sys.modules)))

    @atexit.register
    def write():
        pathlib.Path("aside.json").write_text(json.dumps([aside, gc.get_freeze_count()]))
"""
FOR_FAILURES = {
    *("_compare.behaviour", "_compare.budget", "_compare.drift", "_compare.entries", "_compare.fold"),
    *("_capture.assembly.assemble", "_capture.assembly.reader", "_model.findings", "_run.judging.judge"),
    *("_capture.dialects.dialect", "_capture.dialects.openai_chat", "_capture.dialects.parsing", "_compare.digests"),
    *("_model.conversations", "_model.fanout", "_model.grouping", "_model.rewriting", "_compare.calls.fingerprints"),
    *("_run.judging.nearest_answers", "_run.judging.same_request", "_run.live_trace", "_run.recording.borrowing"),
    *("_run.recording.outlines", "_run.recording.unchanged", "_settings.markers", "_store.events"),
    *("_model.personal.kind", "_model.stand_ins", "_model.trace", "_model.trajectory", "_store.vcrpy.places"),
    *("_capture.from_litellm.call", "_compare.policies.custom", "_compare.policies.layers"),
    *("_store.cassettes", "_store.golden_file", "_store.journal_reader"),
    *("_compare.conversations.paired", "_compare.nearest.calls", "_compare.nearest.requests"),
    *("_model.renumber", "_report.commands.transcript", "_report.failure.screen", "_model.privacy"),
    *("_report.document.both_sides", "_report.files.github"),
    *("_compare.rules.normalize", "_compare.rules.numbers", "_compare.rules.suggest", "_compare.rules.tool_arguments"),
    *("_capture.manual.calls", "_capture.manual.enclosed", "_model.secrecy.eye"),
    *("_capture.dialects.anthropic", "_capture.dialects.gemini", "_capture.dialects.openai_responses"),
    *("_capture.guard.proxy", "_model.personal.book", "_model.personal.placeholders", "_model.body_texts"),
    *("_model.secrecy.bodies", "_model.secrecy.read_streams", "_model.secrecy.log_probabilities"),
    *(
        "_report.files.markdown",
        "_report.line_diff",
        "_run.judging.variants",
        "_store.atomic",
        "_store.journal",
        "_store.golden_reader",
        "_store.golden_writer",
        "_store.ordering",
        "_store.yaml_text",
        "_store.vcrpy.cassette_file",
    ),
}


def test_a_replay_that_passes_imports_nothing_that_explains_or_writes(project):
    """Comparing, explaining, and the golden trace are imported where they are needed; each run would pay 50 ms."""
    project.write(CALL.format(url=project.provider.openai_url), prelude=False)
    project.record()
    project.write(LOOK, "conftest.py", prelude=False)
    plain = ("-p", "no:recording", "-p", "no:langsmith_plugin")
    ran = project.run("--llm-trace", *plain, own_process=True)
    ran.outcomes(passed=1)
    assert ran.requests == 0
    modules = set(json.loads((project.path / "modules.json").read_text("utf-8")))
    ours = {name.removeprefix("pytest_llmtrace.") for name in modules if name.startswith("pytest_llmtrace.")}
    assert "_run.judging.word_for_word" in ours
    assert ours & FOR_FAILURES == set()
    assert (
        modules & {"litellm", "deepdiff", "openai", "botocore", "requests", "aiohttp", "httpx", "httpx2", "yaml"}
        == set()
    )
    aside, frozen = json.loads((project.path / "aside.json").read_text("utf-8"))
    assert (set(aside), frozen) == ({True}, 0)  # until pytest's own collections are over, and no longer


def test_clients_are_replayed_when_a_test_is_the_first_to_import_them(project):
    """They are patched then; botocore's classes are those that it has without the plugin, and vcrpy knows of them."""
    project.write(LATE.format(url=project.provider.openai_url, here=True), prelude=False)
    project.record()
    project.write(LATE.format(url=project.provider.openai_url, here=False), prelude=False)
    plain = ("-p", "no:recording", "-p", "no:langsmith_plugin")
    ran = project.run("--llm-trace", *plain, own_process=True)
    ran.outcomes(passed=5)
    assert ran.requests == 0


AGAIN = """
    import sys
    from unittest import mock

    def test_imports_for_a_moment():
        with mock.patch.dict(sys.modules):
            import urllib3

    def test_imports_again():
        import urllib3

        body = {{"model": "gpt-4o-mini", "messages": [{{"role": "user", "content": "ho"}}]}}
        headers = {{"Authorization": "Bearer sk-plugin-0123456789"}}
        address = {url!r} + "/chat/completions"
        assert b"ho" in urllib3.PoolManager().request("POST", address, json=body, headers=headers).data
"""


def test_what_is_imported_again_is_replayed_all_the_same(project):
    """A test may put `sys.modules` back as it was, and the next one import urllib3 anew: nothing goes past the tape."""
    project.write(AGAIN.format(url=project.provider.openai_url), prelude=False)
    plain = ("-p", "no:recording", "-p", "no:langsmith_plugin")
    recorded = project.run("--llm-record", *plain, own_process=True)
    assert (recorded.exit, recorded.requests) == (0, 1)
    ran = project.run("--llm-trace", *plain, own_process=True)
    ran.outcomes(passed=2)
    assert (ran.requests, ran.test("test_imports_again")["calls"]) == (0, 1)
