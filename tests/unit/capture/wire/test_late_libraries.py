"""What vcrpy imports whoever uses it comes later, and is then as if it had come first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
BEGIN = """
import http.client, importlib, sys, threading
from pytest_llmtrace._capture.wire.http import Interception

def is_stub(one):
    return any(base.__module__.startswith("vcr.") for base in one.__mro__)

def derives(one):
    return [base.__module__ for base in one.__mro__]

interception = Interception(stop=RuntimeError, replay_only=True)
"""
ARRIVES = """
interception.install()
assert "urllib3" not in sys.modules and is_stub(http.client.HTTPConnection)
import urllib3, vcr.patch
from urllib3 import connection, connectionpool

pools = (connectionpool.HTTPConnectionPool, connectionpool.HTTPSConnectionPool)
assert all(is_stub(one.ConnectionCls) for one in pools) and is_stub(connection.HTTPSConnection)
assert not is_stub(connectionpool.HTTPConnection) and not is_stub(connection._HTTPConnection)
assert (vcr.patch.conn, vcr.patch.cpool) == (connection, connectionpool)
stopped = []
for address in ("http://api.openai.com/v1/chat/completions", "https://api.openai.com/v1/chat/completions"):
    try:
        urllib3.PoolManager().request("POST", address, json={"model": "m", "messages": []}, retries=False)
    except RuntimeError as error:
        stopped.append(str(error))
assert len(stopped) == 2, stopped
"""
LEAVES = """
interception.remove()
for one in (http.client.HTTPConnection, connection.HTTPConnection, connection.HTTPSConnection):
    assert not is_stub(one), one
assert derives(connection.HTTPConnection) == ["urllib3.connection", "http.client", "builtins"]
assert [one.ConnectionCls for one in pools] == [connection.HTTPConnection, connection.HTTPSConnection]
assert connection.VerifiedHTTPSConnection is connection.HTTPSConnection is vcr.patch._VerifiedHTTPSConnection
with vcr.patch.contextlib.ExitStack() as reset:
    for one in vcr.patch.reset_patchers():
        reset.enter_context(one)
interception.install()
assert all(is_stub(one.ConnectionCls) for one in pools)
interception.remove()
assert not any(is_stub(one.ConnectionCls) for one in pools)
"""
AFTERWARDS = """
interception.install()
interception.remove()
assert "urllib3" not in sys.modules
import urllib3, vcr
from urllib3 import connection

assert not is_stub(connection.HTTPConnection) and derives(connection.HTTPConnection)[1] == "http.client"
with vcr.use_cassette("none.yaml"):
    assert is_stub(connection.HTTPConnection)
assert not is_stub(connection.HTTPConnection)
"""
OWN_CASSETTE = """
interception.install()
import vcr

with vcr.use_cassette("none.yaml"):
    from urllib3 import connection

    assert is_stub(connection.HTTPConnection)
interception.remove()
assert not is_stub(connection.HTTPConnection)
assert derives(connection.HTTPConnection) == ["urllib3.connection", "http.client", "builtins"]
"""
BOTOCORE = """
import botocore.exceptions

assert "urllib3" not in sys.modules and "botocore.awsrequest" not in sys.modules
interception.install()
awsrequest = sys.modules["botocore.awsrequest"]
assert not is_stub(awsrequest.AWSHTTPConnection) and is_stub(awsrequest.AWSHTTPConnectionPool.ConnectionCls)
interception.remove()
"""


@pytest.mark.parametrize("program", [ARRIVES + LEAVES, AFTERWARDS, OWN_CASSETTE, BOTOCORE])
def test_urllib3_comes_later(tmp_path: Path, program: str) -> None:
    """It is patched then, its classes derive from the real ones, and nothing of it stays when the patches are gone.

    While it is patched, after that, inside a cassette of the user's own, and where botocore came without it.
    """
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
