"""Answers without the probabilities of their tokens: those are the text once more, in pieces and as numbers of bytes.

An answer out of which something was taken loses them, since no search for a secret or an address finds it there.
"""

from __future__ import annotations

import json
import re
from typing import Final


def without_log_probabilities(body: bytes) -> bytes:
    """A body of JSON or of events, with nothing in the place of what they say about each token."""
    if b"ogprobs" not in body:
        return body
    text = body.decode("utf-8", "surrogateescape")
    pieces, position = list[str](), 0
    for found in _NAME.finditer(text):
        if found.start() < position:  # inside of others
            continue
        try:
            value, end = _JSON.raw_decode(text, found.end())
        except (ValueError, RecursionError):  # cut off: nothing of it is left
            value, end = None, len(text)
        pieces += (text[position : found.end()], "[]" if isinstance(value, list) else "null")
        position = end
    return "".join((*pieces, text[position:])).encode("utf-8", "surrogateescape")


_JSON: Final = json.JSONDecoder(strict=False)
_NAME: Final = re.compile(r'"(?:logprobs|logprobsResult|top_logprobs)"\s*:\s*')
