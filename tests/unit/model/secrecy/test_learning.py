"""What a redactor comes to know of the requests that it sees."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Mapping

import pytest

from pytest_llmtrace._model.http import HttpRequest
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.secrecy.environment import variables
from pytest_llmtrace._model.secrecy.eye import Eye
from pytest_llmtrace._model.secrecy.learning import MOST, Learning
from pytest_llmtrace._model.secrecy.searched import Searched


def asked(number: int, authorization: str, text: str = "hi") -> HttpRequest:
    """A request of a conversation that grows."""
    body = json.dumps({"messages": [{"role": "user", "content": f"{turn} {text}"} for turn in range(number + 1)]})
    headers = (("authorization", authorization),)
    return HttpRequest(method="POST", url="https://h/v1", headers=headers, body=body.encode())


def test_a_signature_of_aws_is_of_one_request() -> None:
    """Each has another one: to learn them would have every request searched anew, for as many values as there were."""
    searched = Searched({})
    redactor = Redactor(searched=searched).watched(Eye(searched))
    for number in range(3):
        signed = f"AWS4-HMAC-SHA256 Credential=AKIA1/x, SignedHeaders=host, Signature={number}{'ab12' * 15}"
        redactor.request(asked(number, signed))
    assert redactor.searched is searched


def test_a_key_is_secret_in_all_that_follows() -> None:
    """Also where a later request proves itself with another one."""
    redactor = Redactor()
    redactor.request(asked(0, "Bearer first-key-0123456789"))
    made = redactor.request(asked(0, "Bearer other-key-0123456789", "it was first-key-0123456789"))
    assert b"first-key" not in made.body


def test_a_key_for_each_request_costs_no_more_in_the_end() -> None:
    """The last ones are known, and what was known from the beginning; so that what is searched for stays bounded."""
    learning = Learning(Searched({"from-the-beginning-1": "x"}), live=False)
    for number in range(4 * MOST):
        key = f"a-key-of-request-{number}"
        assert learning.learn([key])
        assert not learning.learn([key])
        assert len(learning.searched.values) <= MOST + 1
    assert {"from-the-beginning-1", key, f"a-key-of-request-{number - 9}"} <= learning.searched.values.keys()


def test_what_is_allowed_is_not_learned() -> None:
    """A project says what is no secret."""
    searched = Searched({}, [re.compile("no-secret")])
    learning = Learning(searched, live=False)
    assert not learning.learn(["no-secret-0123456789"])
    assert learning.searched is searched


def test_what_two_threads_learn_at_once_both_know(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither takes back what the other has learned; and until it is known, who asks is told to learn it."""
    learning = Learning(Searched({}), live=True)
    known, told = Searched.knowing, list[bool]()
    other = threading.Thread(target=learning.learn, args=(["other-key-0123456789"],))

    def slowly(searched: Searched, values: Mapping[str, str]) -> Searched:
        if not told:
            told.append(learning.may_learn_of(()))
            monkeypatch.setenv("OTHER_API_KEY", "other-Vt4-variable-1")
            other.start()
            other.join(0.02)
        return known(searched, values)

    monkeypatch.setattr(Searched, "knowing", slowly)
    learning.may_learn_of(())
    monkeypatch.setenv("ACME_API_KEY", "late-Vt4-variable-1")
    learning.learn(["first-key-0123456789"])
    other.join()
    assert told == [True]
    learned = {"first-key-0123456789", "other-key-0123456789", "late-Vt4-variable-1", "other-Vt4-variable-1"}
    assert learned <= learning.searched.values.keys()


def test_a_variable_that_another_thread_removes_is_no_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables are read as they were when it was seen that they have changed."""
    monkeypatch.setenv("ACME_API_KEY", "late-Vt4-variable-2")
    with monkeypatch.context() as patch:
        patch.setattr(type(os.environ), "__getitem__", lambda _, name: {}[name])
        assert "late-Vt4-variable-2" in variables().keys
