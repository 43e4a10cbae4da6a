"""Redaction: secrets never reach what is written."""

import base64
import gzip
import json
import time
import zlib

import pytest

from pytest_llmtrace._model.http import HttpRequest, HttpResponse
from pytest_llmtrace._model.redaction import PLACEHOLDER, Redactor
from pytest_llmtrace._model.secrecy.eye import Eye
from pytest_llmtrace._model.secrecy.searched import Searched

KEY = "sk-secret-0123456789"


def request(**fields):
    return HttpRequest(**{"method": "POST", "url": "https://api.example.com/v1/x", **fields})


@pytest.mark.parametrize(
    "header", ["Authorization", "x-api-key", "api-key", "X-Goog-Api-Key", "Cookie", "x-amz-security-token", "x-unknown"]
)
def test_no_header_outside_the_list_is_kept(header):
    """Headers are kept by name; whatever else a client sends is dropped, value and name."""
    made = Redactor().request(request(headers=((header, f"Bearer {KEY}"), ("Content-Type", "application/json"))))
    assert made.headers == (("content-type", "application/json"),)


def test_set_cookie_is_dropped_from_responses():
    """Cookies of a provider are dropped."""
    made = Redactor().response(HttpResponse(status=200, headers=(("Set-Cookie", KEY), ("Content-Type", "a/b"))))
    assert made.headers == (("content-type", "a/b"),)


@pytest.mark.parametrize("name", ["key", "api_key", "api-key", "token", "access_token", "X-Amz-Signature", "sig"])
def test_key_like_parameters_lose_their_value(name):
    """The value of a key-like query parameter is replaced, the others stay."""
    assert Redactor().url(f"https://h/p?alt=sse&{name}={KEY}") == f"https://h/p?alt=sse&{name}={PLACEHOLDER}"


def test_user_information_leaves_the_url():
    """A password in a URL is not kept."""
    assert Redactor().url(f"https://user:{KEY}@host:8080/p") == "https://host:8080/p"


def test_secret_fields_of_json_are_replaced_at_any_depth():
    """Fields like litellm's own `api_key` lose their value."""
    body = json.dumps({"model": "m", "api_key": KEY, "nested": [{"clientSecret": KEY, "max_tokens": 5}]}).encode()
    assert json.loads(Redactor().body(body)) == {
        "model": "m",
        "api_key": PLACEHOLDER,
        "nested": [{"clientSecret": PLACEHOLDER, "max_tokens": 5}],
    }


def test_a_schema_that_speaks_of_keys_stays():
    """A tool parameter called `api_key` is a description, no secret."""
    body = json.dumps({"properties": {"api_key": {"type": "string"}, "token_count": {"type": "integer"}}}).encode()
    assert json.loads(Redactor().body(body)) == json.loads(body)


def test_secret_fields_in_event_streams_are_replaced():
    """Each line of a stream is redacted; lines without secrets are untouched bytes."""
    body = b'data: {"a": 1}\n\ndata: {"access_token": "' + KEY.encode() + b'"}\n\ndata: [DONE]\n\n'
    made = Redactor().body(body)
    assert KEY.encode() not in made
    assert made.startswith(b'data: {"a": 1}\n\n')
    assert made.endswith(b"data: [DONE]\n\n")


def test_the_key_that_authorises_a_request_is_secret_in_its_body_too():
    """A prompt that repeats the request's own key loses it."""
    made = Redactor().request(request(headers=(("authorization", f"Bearer {KEY}"),), body=f"my key: {KEY}".encode()))
    assert made.body == f"my key: {PLACEHOLDER}".encode()


def test_values_of_key_variables_are_secret_everywhere():
    """The value of OPENAI_API_KEY does not reach a file, wherever it stands; that of HOME does."""
    redactor = Redactor.from_environment({"OPENAI_API_KEY": KEY, "HOME": "/home/someone"})
    assert redactor.body(f"{KEY} /home/someone".encode()) == f"{PLACEHOLDER} /home/someone".encode()
    assert redactor.text(f"https://h/{KEY}") == f"https://h/{PLACEHOLDER}"


def test_our_own_key_is_a_secret():
    """The key that digests and tapes are made with is in no file, should an application send its environment."""
    assert Redactor.from_environment({"LLMTRACE_KEY": KEY}).text(f"env: {KEY}") == f"env: {PLACEHOLDER}"


def test_bodies_without_secrets_are_the_same_bytes():
    """Nothing is parsed or rewritten where there is nothing to hide."""
    body = b'{ "model":"m",   "x": 1.50 }'
    assert Redactor().body(body) == body


@pytest.mark.parametrize("sign", ["?", "&", ";", "&amp;"])
def test_a_secret_in_an_address_is_one_behind_any_sign_that_parts_parameters(sign: str):
    """Old servers part them by semicolons, XML writes `&` with one; a value that holds another sign goes whole."""
    redactor = Redactor()
    assert redactor.text(f"get x{sign}sig=Zx81kQp02mNs77LwTt5b now") == f"get x{sign}sig=REDACTED now"
    assert redactor.text(f"get x{sign}api_key=a?token=Zx81kQp02mNs77LwTt5b now") == f"get x{sign}api_key=REDACTED now"


def test_secret_fields_of_forms_are_replaced():
    """What a token endpoint is sent; prose that looks a little like a form is left alone."""
    form = b"grant_type=client_credentials&client_id=me&client_secret=s%2Fecret&assertion=eyJ.x"
    assert (
        Redactor().body(form) == b"grant_type=client_credentials&client_id=me&client_secret=REDACTED&assertion=REDACTED"
    )
    prose = b"Set password=your-own&token=x to log in"
    assert Redactor().body(prose) == prose


def test_a_redactor_can_be_told_more_secrets():
    """What it knew, it still knows."""
    made = Redactor(["first-secret"]).knowing(["second-secret"])
    assert made.text("first-secret, second-secret") == "REDACTED, REDACTED"


def test_what_a_request_proves_itself_with_is_secret_in_its_body():
    """Keys in any header or parameter, the password of basic authentication, each cookie."""
    basic = base64.b64encode(b"me:hunter2hunter2").decode()
    made = Redactor().request(
        request(
            url="https://api.example.com/v1/x?api_key=parameter-1",
            headers=(
                ("authorization", f"Basic {basic}"),
                ("x-acme-token", "own-token-1"),
                ("cookie", "a=accepted; b=cookie-0123456789"),
            ),
            body=b"parameter-1 hunter2hunter2 own-token-1 cookie-0123456789 accepted",
        )
    )
    assert made.body == b"REDACTED REDACTED REDACTED REDACTED accepted"


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_packed_request_is_unpacked_where_it_holds_a_secret(coding):
    """Without a secret it is the same bytes."""
    pack = {"gzip": lambda data: gzip.compress(data, mtime=0), "deflate": zlib.compress}[coding]
    redactor = Redactor([KEY])
    for text, kept in ((b"nothing", pack(b"nothing")), (f"my {KEY}".encode(), b"my REDACTED")):
        assert redactor.request(request(headers=(("content-encoding", coding),), body=pack(text))).body == kept


@pytest.mark.parametrize(
    "text",
    [
        "eyJ" * 100_000, "sk-" * 100_000, "%5c" * 100_000, "\\" * 300_000, "&amp;" * 60_000, "%25" * 100_000,
        '"password":"' * 25_000, '\\"password\\":\\"' * 20_000, "A" * 300_000, "?key=" * 60_000, "a=b&" * 70_000,
        "-----BEGIN RSA PRIVATE KEY-----\n" * 9_000, "http://a:" * 30_000, "[" * 300_000, 'data: {"a":"' * 25_000,
    ],
)  # fmt: skip
def test_hostile_text_takes_no_longer_than_other_text(text):
    """Nothing is searched again and again from each of its letters."""
    began = time.process_time()
    Redactor([KEY]).response(HttpResponse(status=200, body=text.encode()))
    assert time.process_time() - began < 5


def test_what_a_request_proved_itself_with_is_secret_in_all_that_follows(monkeypatch):
    """So is what a test puts into its environment meanwhile; another owner's knows neither, nor a mere word."""
    key, late = "Qx9dkLmn7Wv3Zt8Rb5Hy2Jc", "Vt4-late-variable-of-a-test"
    for_all = Redactor.from_environment()
    own = for_all.knowing(())
    own.request(HttpRequest(method="POST", url="https://a.example/v1", headers=(("x-acme-auth", f"Bearer {key}"),)))
    said = HttpRequest(method="POST", url=f"https://b.example/{key}/v1", body=f'{{"prompt": "{key}"}}'.encode())
    made = own.request(said)
    assert (made.url, made.body) == ("https://b.example/REDACTED/v1", b'{"prompt": "REDACTED"}')
    assert own.data({"a": key, "b": late}) == {"a": "REDACTED", "b": late}
    monkeypatch.setenv("ACME_API_KEY", late)
    monkeypatch.setenv("OTHER_TOKEN", "customer")
    assert own.data({"b": f"{late} of a customer"}) == {"b": "REDACTED of a customer"}
    assert for_all.text(f"{key} {late}") == f"{key} {late}"


def test_what_was_no_secret_before_is_one_once_it_was_used_as_a_key():
    """Short texts are remembered with what was known to be secret then, and another owner knows what it knew."""
    key = "Qx9dkLmn7Wv3Zt8Rb5Hy2Jc"
    first, other = Redactor(), Redactor()
    head = HttpRequest(method="GET", url=f"https://a.example/{key}")
    assert [one.name(f"agent {key}") for one in (first, other)] == [f"agent {key}"] * 2
    assert [one.head(head).url for one in (first, other)] == [head.url] * 2
    first.head(HttpRequest(method="GET", url="https://a.example", headers=(("authorization", f"Bearer {key}"),)))
    assert [one.name(f"agent {key}") for one in (first, other)] == ["agent REDACTED", f"agent {key}"]
    assert [one.head(head).url for one in (first, other)] == ["https://a.example/REDACTED", head.url]


def test_the_last_look_learns_what_is_secret_from_now_on():
    """What a request proved itself with is sought in what was clean before, too."""
    key = "Qx9dkLmn7Wv3Zt8Rb5Hy2Jc"
    eye = Eye(Searched({}))
    watched = Redactor().watched(eye)
    eye.texts([f"before {key}"], "golden trace")
    assert eye.leaks == []
    watched.request(HttpRequest(method="POST", url="https://a.example/v1", headers=(("api-key", key),)))
    eye.texts([f"before {key}"], "golden trace")
    assert [(leak.what, leak.place) for leak in eye.leaks] == [("the key of a request", "golden trace")]


def test_what_one_owner_learns_is_of_no_other_and_hides_what_was_kept():
    """What one owner learns is removed from its own URLs and names, whatever was kept of them for others before."""
    run = Redactor()
    one, other = run.knowing(()), run.knowing(())
    asked, proving = request(url=f"https://h/{KEY}"), request(headers=(("Authorization", f"Bearer {KEY}"),))

    before = [one.head(asked).url, one.name(f"m-{KEY}"), other.head(asked).url, other.name(f"m-{KEY}")]
    other.request(proving)
    after = [one.head(asked).url, one.name(f"m-{KEY}"), other.head(asked).url, other.name(f"m-{KEY}")]

    assert before == [f"https://h/{KEY}", f"m-{KEY}"] * 2
    assert after == [f"https://h/{KEY}", f"m-{KEY}", f"https://h/{PLACEHOLDER}", f"m-{PLACEHOLDER}"]


def test_what_one_owner_keeps_is_not_told_to_one_that_takes_out_more():
    """Heads of requests are kept for all owners of a run; a hook of the project is asked all the same."""
    run = Redactor(more=lambda: None)
    asked = request(url="https://h/acme-corp")
    hooked = Redactor(searched=run.searched, more=lambda: lambda text: text.replace("acme", "a"))
    made = [one.head(asked).url for one in (run, run, hooked, hooked, run)]
    assert made == [asked.url, asked.url, "https://h/a-corp", "https://h/a-corp", asked.url]


def test_what_taught_one_owner_nothing_is_not_read_by_the_next_one(monkeypatch):
    """The client of all tests asks the same way; who knows more, or sends another key, reads what was sent."""
    run = Redactor.from_environment()
    asked = request(url=f"https://h/{KEY}", headers=(("accept", "a/b"), ("authorization", "Bearer test")))
    first = run.knowing(()).head(asked)
    proving = request(url=asked.url, headers=(*asked.headers, ("x-acme-key", KEY)))
    hidden = f"https://h/{PLACEHOLDER}"
    assert (first.url, first.headers) == (asked.url, (("accept", "a/b"),))
    assert run.knowing((KEY,)).head(asked).url == hidden
    taught = run.knowing(())
    assert [taught.head(one).url for one in (asked, proving, asked)] == [asked.url, hidden, hidden]
    again = run.knowing(())
    with monkeypatch.context() as patch:
        patch.setattr("pytest_llmtrace._model.redaction.credentials", None)
        assert again.head(asked) is first
    monkeypatch.setenv("ACME_API_KEY", KEY)
    assert [one.head(asked).url for one in (again, run.knowing(()))] == [hidden, hidden]


def test_a_variable_that_is_set_between_two_requests_hides_what_was_kept(monkeypatch):
    """The same client asks again: what a fixture has put into the environment since is secret in its address."""
    redactor = Redactor.from_environment().knowing(())
    asked = request(url=f"https://h/{KEY}")
    before = [redactor.head(asked).url, redactor.head(asked).url]
    monkeypatch.setenv("ACME_API_KEY", KEY)
    assert (before, redactor.head(asked).url) == ([asked.url] * 2, f"https://h/{PLACEHOLDER}")
