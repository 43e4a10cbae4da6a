"""Which litellm call an HTTP exchange was made for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._model.canonical import canonical_json, digest, parse_json, same_value
from pytest_llmtrace._model.http import json_body

if TYPE_CHECKING:
    from pytest_llmtrace._capture.from_litellm.call import LitellmCall


def made_for(exchange: Exchange) -> LitellmCall | None:
    """The litellm call that an exchange was made for: the one of its context, if that said it would send this request.

    The context keeps naming a litellm call after it returned, so a later call of a plain SDK would inherit it.
    """
    call: LitellmCall | None = exchange.context
    return call if call is not None and _same_request(call, exchange) else None


def _same_request(call: LitellmCall, exchange: Exchange) -> bool:
    """Whether a request is the one that litellm said it would send; where it cannot be compared, by its model."""
    sent = parse_json(call.sent) if isinstance(call.sent, (str, bytes)) else call.sent
    body = json_body(exchange.request)
    if isinstance(sent, Mapping) and isinstance(body, dict):
        for name in ("messages", "input", "contents"):
            if name in body and name in sent:
                if same_value(body[name], sent[name]):
                    return True
                said = call.recorder.redacted(sent[name])  # the other is redacted already
                return digest(canonical_json(body[name])) == digest(canonical_json(said))
    model = call.model.rpartition("/")[2]
    asked = body.get("model") if isinstance(body, dict) else None
    return model in exchange.request.url if asked is None else str(asked).rpartition("/")[2] == model
