"""Values that are secret are looked for without a search, and none is overlooked."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmtrace._model.secrecy.search import Known, secrets_in
from pytest_llmtrace._model.secrecy.values import Values

LETTERS = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=["Cs"]), max_size=8)
SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=0x17F), min_size=8, max_size=40)
WAYS = {
    "as it is": str,
    "in JSON": json.dumps,
    "in JSON in JSON": lambda said: json.dumps(json.dumps(said)),
    "in a form": quote_plus,
    "in base64": lambda said: base64.b64encode(said.encode()).decode(),
    "in base64 of URLs": lambda said: base64.urlsafe_b64encode(said.encode()).decode().rstrip("="),
    "in base64 of JSON": lambda said: base64.b64encode(json.dumps(said).encode()).decode(),
}


@pytest.mark.parametrize("way", WAYS)
@given(secret=SECRETS, before=LETTERS, behind=LETTERS)
def test_a_value_is_seen_wherever_a_search_finds_it(way: str, secret: str, before: str, behind: str) -> None:
    """Whatever stands around it, and in each way of writing it that a search knows, but for base64 of base64."""
    known = Known.of([(secret, "a value")])
    document = json.dumps({"a": [before, WAYS[way](f"{before}{secret}{behind}")]}, ensure_ascii=False)
    if secrets_in(document, known, strict=True) and not secrets_in(document, Known(), strict=True):
        assert Values(known).may_be_in(document)


def test_where_nothing_is_secret_nothing_is_looked_for() -> None:
    """Nor is anything seen that is not there; of what is hidden by escapes that is not said."""
    value = "Qx9dkLmn7Wv3Zt8Rb5Hy2Jc"
    here = Values(Known.of([(value, "a value")]))
    texts = ["nothing", "n%6Fthing", value, f"say {value[:-1]}"]
    assert [Values(Known()).may_be_in(text) for text in texts] == [False] * 4
    assert [here.may_be_in(text) for text in texts] == [False, True, True, False]
