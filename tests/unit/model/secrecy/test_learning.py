"""What a redactor comes to know of the requests that it sees."""

from __future__ import annotations

import json
import re

from pytest_llmtrace._model.http import HttpRequest
from pytest_llmtrace._model.redaction import Redactor
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
