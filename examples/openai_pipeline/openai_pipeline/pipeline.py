"""From a customer's mail to a note for the support team: extract, find help, summarise."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul

from openai import OpenAI

CHAT_MODEL = "gpt-4o-mini"
EMBEDDING_MODEL = "text-embedding-3-small"

EXTRACT = 'Extract from the mail, as JSON: {"product": string, "problem": string, "urgent": boolean}.'
SUMMARISE = "Write one sentence for the support team: what is wrong, and which article helps."


@dataclass(frozen=True)
class Note:
    """What the support team gets to see."""

    product: str
    urgent: bool
    article: str
    summary: str


def process(mail: str, articles: Sequence[str], client: OpenAI | None = None) -> Note:
    """Turn a mail into a note, with the article that fits it best."""
    client = client or OpenAI()
    ticket = extract(mail, client)
    article = closest(ticket["problem"], articles, client)
    answer = client.responses.create(
        model=CHAT_MODEL,
        instructions=SUMMARISE,
        input=f"Ticket: {json.dumps(ticket)}\nArticle: {article}",
    )
    return Note(product=ticket["product"], urgent=ticket["urgent"], article=article, summary=answer.output_text)


def extract(mail: str, client: OpenAI) -> dict:
    """The facts of a mail."""
    answer = client.chat.completions.create(
        model=CHAT_MODEL,
        messages=[{"role": "system", "content": EXTRACT}, {"role": "user", "content": mail}],
        response_format={"type": "json_object"},
        temperature=0,
    )
    return json.loads(answer.choices[0].message.content)


def closest(text: str, candidates: Sequence[str], client: OpenAI) -> str:
    """The candidate whose meaning is closest to the text."""
    answer = client.embeddings.create(model=EMBEDDING_MODEL, input=[text, *candidates], dimensions=64)
    target, *vectors = (item.embedding for item in answer.data)
    return max(zip(candidates, vectors, strict=True), key=lambda pair: _cosine(target, pair[1]))[0]


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(map(mul, one, other)) / (math.hypot(*one) * math.hypot(*other))
