"""Calls that no HTTP stub sees: raw sockets, streams, websockets, clients that were bound before the patches."""

import socket

import pytest

CALL = """
    import asyncio, http.client, json, socket
    from http.client import HTTPConnection

    HOST, PORT = {host!r}, {port}
    BODY = json.dumps({{"model": "gpt-4o-mini", "messages": [{{"role": "user", "content": "raw"}}]}})
    HEAD = (
        "POST /v1/chat/completions HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nContent-Type: application/json\\r\\n"
        f"Connection: close\\r\\nContent-Length: {{len(BODY)}}\\r\\n\\r\\n"
    )

    def raw():
        with socket.create_connection((HOST, PORT)) as sock:
            sock.sendall((HEAD + BODY).encode())
            sock.settimeout(10)
            return sock.recv(1 << 16)

    def streams():
        async def go():
            reader, writer = await asyncio.open_connection(HOST, PORT)
            writer.write((HEAD + BODY).encode())
            answer = await reader.read(1 << 16)
            writer.close()
            await writer.wait_closed()
            return answer
        return asyncio.run(go())

    def bound_before():
        connection = HTTPConnection(HOST, PORT)
        connection.request("POST", "/v1/chat/completions", BODY, {{"Content-Type": "application/json"}})
        answer = connection.getresponse().read()
        connection.close()
        return answer

    def in_thread():
        import threading
        thread = threading.Thread(target=raw)
        thread.start()
        thread.join()

    def websocket():
        upgrade = "GET /v1/realtime HTTP/1.1\\r\\nHost: x\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n\\r\\n"
        async def go():
            reader, writer = await asyncio.open_connection(HOST, PORT)
            writer.write(upgrade.encode())
            await reader.read(1)
            writer.close()
            await writer.wait_closed()
        asyncio.run(go())

    def probe():
        socket.create_connection((HOST, PORT)).close()
"""

WAYS = ("raw", "streams", "bound_before", "in_thread", "websocket")


@pytest.fixture
def ways(project):
    """A project whose helpers reach the provider past every HTTP client."""

    def write(body, host="127.0.0.1"):
        port = project.provider.url.rpartition(":")[2]
        project.write(CALL.format(host=host, port=port) + body)

    return write


@pytest.mark.parametrize("way", WAYS)
def test_a_call_past_the_tape_is_not_recorded_silently(project, ways, way):
    """Recording lets it through, fails the test, and writes nothing: it could not be replayed."""
    ways(f"\n    def test_one():\n        {way}()\n        chat('hello')\n")
    ran = project.run("--llm-record")
    ran.outcomes(failed=1)
    assert ran.findings("test_one") == [("bypass", None)]
    assert [name for name in project.cassettes() if "journal" not in name] == []
    (finding,) = ran.test("test_one")["findings"]
    assert finding["what"] == "127.0.0.1:" + project.provider.url.rpartition(":")[2]
    first = "raw" if way == "in_thread" else "test_one"
    assert finding["stack"][0].endswith(f" in {first}")
    assert finding["stack"][0].startswith("test_it.py:")


@pytest.mark.parametrize("way", WAYS)
def test_live_mode_says_what_it_could_not_compare(project, ways, way):
    """A live run of a recorded test that also calls past its tape fails, and the call was let through."""
    ways("\n    def test_one():\n        chat('hello')\n")
    project.record()
    project.edit("chat('hello')", f"chat('hello'); {way}()")
    ran = project.run("--llm-live")
    ran.outcomes(failed=1)
    assert ran.findings("test_one") == [("bypass", None)]
    assert ran.requests == 2


@pytest.mark.parametrize("way", WAYS)
def test_replay_stops_it(project, ways, way):
    """In replay nothing is sent to a recorded provider's port, and the finding names the line."""
    ways("\n    def test_one():\n        chat('hello')\n")
    project.record()
    project.edit("chat('hello')", f"chat('hello'); {way}()")
    ran = project.replay()
    ran.outcomes(failed=1)
    assert ran.findings("test_one") == [("bypass", None)]


@pytest.mark.parametrize("way", ["raw", "streams", "bound_before"])
def test_a_test_whose_only_call_goes_past_the_tape_is_told_too(project, ways, way):
    """Nothing else tells that an LLM listens on that port but the path that is asked; a replay sends nothing to it."""
    ways(f"\n    def test_one():\n        {way}()\n")
    recorded = project.run("--llm-record")
    recorded.outcomes(failed=1)
    assert (recorded.findings("test_one"), recorded.requests) == ([("bypass", None)], 1)
    replayed = project.replay()
    replayed.outcomes(failed=1)
    assert ("bypass", None) in replayed.findings("test_one")


def test_a_local_server_of_another_kind_may_be_asked_anything(project, ways):
    """A raw request with another path is a matter of the test alone."""
    ways("\n    def test_one():\n        raw()\n")
    project.edit("/v1/chat/completions HTTP", "/v1/orders HTTP")
    for flag in ("--llm-record", "--llm-trace"):
        project.run(flag).outcomes(passed=1)


@pytest.fixture
def names(project, monkeypatch):
    """Names of providers lead to the local provider, whatever network there is."""
    genuine = socket.getaddrinfo

    def local(host, *args, **kwargs):
        return genuine("127.0.0.1" if host in {"api.openai.com", b"api.openai.com"} else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", local)
    return project.provider.url.rpartition(":")[2]


@pytest.mark.parametrize("mode", ["--llm-record", "--llm-live", "--llm-trace"])
@pytest.mark.parametrize("way", ["raw", "streams"])
def test_a_provider_by_name_is_noticed_without_any_seen_call(project, ways, names, mode, way):
    """A test whose only call is one past the tape is no test without calls; replay does not even look the name up."""
    ways(f"\n    def test_one():\n        {way}()\n", host="api.openai.com")
    ran = project.run(mode)
    ran.outcomes(failed=1)
    assert ran.requests == (0 if mode == "--llm-trace" else 1)
    (finding,) = ran.test("test_one")["findings"]
    assert (finding["type"], finding["what"]) == ("bypass", f"api.openai.com:{names}")
    assert " in test_one" in finding["stack"][0]


CLIENTS = """
    import asyncio, aiohttp, httpx, requests, urllib.request, json
    from concurrent.futures import ThreadPoolExecutor

    URL = "http://api.openai.com:{port}/v1/chat/completions"
    BODY = {{"model": "gpt-4o-mini", "messages": [{{"role": "user", "content": "seen"}}]}}

    async def with_aiohttp():
        async with aiohttp.ClientSession(trust_env=False) as session:
            answers = await asyncio.gather(*(session.post(URL, json=BODY) for _ in range(3)))
            assert [answer.status for answer in answers] == [200, 200, 200]

    async def with_httpx():
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.post(URL, json=BODY)).status_code == 200

    def with_requests(_=None):
        with requests.Session() as session:
            session.trust_env = False
            assert session.post(URL, json=BODY).status_code == 200

    def with_urllib():
        request = urllib.request.Request(URL, json.dumps(BODY).encode(), {{"Content-Type": "application/json"}})
        assert urllib.request.build_opener(urllib.request.ProxyHandler({{}})).open(request).status == 200

    def test_one():
        asyncio.run(with_aiohttp())
        asyncio.run(with_httpx())
        with_requests()
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(with_requests, range(4)))
        with_urllib()
"""


def test_connections_of_seen_clients_are_their_own(project, names):
    """Sub-tasks, look-ups in threads and pools of clients that are recorded make no bypass, in any mode."""
    project.write(CLIENTS.format(port=names))
    assert project.record().requests == 10
    assert project.replay().exit == 0
    assert project.run("--llm-live").exit == 0


def test_a_probe_that_sends_nothing_is_no_call(project, ways):
    """Waiting for a local server to listen is not a bypass while recording; replay can be told to let it through."""
    ways("\n    def test_one():\n        probe()\n        chat('hello')\n        probe()\n")
    project.record()
    assert project.replay().findings("test_one") == [("bypass", None)]
    project.pytester.makeini("[pytest]\nllm_allow_hosts = 127.0.0.1\n")
    assert project.replay().exit == 0


def test_other_local_servers_are_none_of_our_business(project, ways):
    """Raw traffic to a port on which no LLM answered is left alone in every mode."""
    ways(
        """
    def test_one():
        server = socket.create_server(("127.0.0.1", 0))
        with socket.create_connection(server.getsockname()) as sock:
            sock.sendall(b"SELECT 1")
            peer, _ = server.accept()
            assert peer.recv(8) == b"SELECT 1"
            peer.close()
        server.close()
        chat("hello")
"""
    )
    project.record()
    assert project.replay().exit == 0
    assert project.run("--llm-live").exit == 0


def test_a_connection_in_the_teardown_is_not_accepted_either(project, ways):
    """What a fixture does past the tape when it is torn down fails the recording."""
    ways(
        """
    @pytest.fixture
    def late():
        yield
        raw()

    def test_one(late):
        chat("hello")
"""
    )
    ran = project.run("--llm-record")
    ran.outcomes(passed=1, errors=1)
    assert [name for name in project.cassettes() if "journal" not in name] == []


def test_a_spent_budget_stops_connections_past_the_tape_too(project, names):
    """Once a budget is spent no provider is reached any more, by whatever client."""
    project.write(
        """
        import socket

        @pytest.mark.llm_budget(calls=1)
        def test_one():
            chat("hello")
            socket.create_connection(("api.openai.com", PORT))
        """
    )
    project.edit("PORT", names)
    ran = project.run("--llm-record")
    ran.outcomes(failed=1)
    assert ran.findings("test_one") == [("bypass", None), ("breach", None)]


def test_fewer_calls_than_the_marker_expects(project):
    """A test whose calls are not seen fails in every mode, with what is seen; as many as expected is enough."""
    project.write("@pytest.mark.llm_trace(min_calls=2)\ndef test_one():\n    chat('hi')\n")
    ran = project.run("--llm-record")
    ran.outcomes(failed=1)
    (finding,) = ran.test("one")["findings"]
    assert (finding["type"], finding["what"], finding["expected"]) == ("bypass", "", 2)
    assert "test_it.py::test_one made fewer LLM calls than its marker expects\n\n" in ran.text
    assert "\n1 test with fewer LLM calls than expected\n" in ran.text
    assert "  calls   1 seen, at least 2 expected (min_calls of the marker)\n  Seen are calls through" in ran.text
    project.edit("chat('hi')", "chat('hi'); chat('ho')")
    project.record()


CHILD = """
    import subprocess, sys, textwrap

    CODE = textwrap.dedent('''
        import json, urllib.request
        body = json.dumps({{"model": "gpt-4o-mini", "messages": [{{"role": "user", "content": "child"}}]}}).encode()
        asked = urllib.request.Request({url!r}, body, {{"Content-Type": "application/json"}})
        try:
            print(urllib.request.urlopen(asked).status)
        except urllib.error.HTTPError as error:
            print(error.status, error.read().decode())
    ''')

    def child():
        return subprocess.run([sys.executable, "-S", "-c", CODE], capture_output=True, text=True).stdout
"""


def test_a_process_that_the_test_starts_is_kept_off_the_provider_too(project):
    """Recording it leaves it alone; replay refuses what it asks for, says so to it, and names where it was started."""
    url = f"{project.provider.openai_url}/chat/completions"
    project.write(CHILD.format(url=url) + "\n    def test_one():\n        chat('hello')\n        print(child())\n")
    assert project.record().requests == 2
    ran = project.replay("-rP")
    ran.outcomes(failed=1)
    (finding,) = ran.test("test_one")["findings"]
    address = url.split("/")[2]
    assert finding["what"] == f"{address} (by a process that was started here)"
    assert [frame.rpartition(" ")[2] for frame in finding["stack"][:2]] == ["test_one", "child"]
    host = address.partition(":")[0]
    assert (
        f"403 llmtrace: a test that is replayed from its tape started this process, and {address} is past" in ran.text
    )
    project.pytester.makeini(f"[pytest]\nllm_allow_hosts = {host}\n")
    ran = project.run("--llm-trace")
    assert (ran.exit, ran.requests) == (0, 1)


def test_a_forked_process_is_no_silent_part_of_a_test(project):
    """What it asks a model goes into a copy of the trace that nobody sees: recording and replay say so."""
    project.write(
        """
    import multiprocessing

    def test_one():
        chat("hello")
        forked = multiprocessing.get_context("fork").Process(target=chat, args=("hello",))
        # start
    """
    )
    project.record()
    project.edit("# start", "forked.start(); forked.join(30)")
    for flag, sent in (("--llm-trace", 0), ("--llm-record", 1), ("--llm-live", 2)):
        ran = project.run(flag)
        ran.outcomes(failed=1)
        assert ran.requests == sent
        (finding,) = [one for one in ran.test("test_one")["findings"] if one["type"] == "bypass"]
        url = f"{project.provider.openai_url}/chat/completions"
        assert finding["what"] == f"POST {url} (in a process forked by this test)"
        assert finding["stack"][0].endswith(" in test_one")
