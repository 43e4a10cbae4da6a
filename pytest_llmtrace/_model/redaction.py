"""What must never reach a file: the one place where secrets are removed."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, SupportsBytes

from pytest_llmtrace._model.canonical import canonical_json, parse_json
from pytest_llmtrace._model.content import decoded
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, ReadJson, as_written_anew, held_body, read_json
from pytest_llmtrace._model.key_shapes import PLACEHOLDER
from pytest_llmtrace._model.personal.remover import Personal
from pytest_llmtrace._model.secrecy.environment import secret_values
from pytest_llmtrace._model.secrecy.heads import LastHead
from pytest_llmtrace._model.secrecy.kept_headers import REQUEST_HEADERS, RESPONSE_HEADERS, kept_of_request
from pytest_llmtrace._model.secrecy.learning import Learning
from pytest_llmtrace._model.secrecy.of_bodies import OfBodies
from pytest_llmtrace._model.secrecy.proofs import credentials, lasting_keys
from pytest_llmtrace._model.secrecy.searched import Searched
from pytest_llmtrace._model.secrecy.texts import More, TextRedactor

if TYPE_CHECKING:  # what looks for secrets where something is recorded
    from pytest_llmtrace._model.secrecy.eye import Detector, Eye

__all__ = ["PLACEHOLDER", "REQUEST_HEADERS", "RESPONSE_HEADERS", "Redactor"]

_SHORTEST_SECRET: Final = 8


class Redactor(TextRedactor):
    """Removes secrets from requests and responses, always in the same way, so that redacted requests still match."""

    def __init__(
        self,
        secrets: Iterable[str] | Mapping[str, str] = (),
        more: More | None = None,
        personal: Personal | None = None,
        *,
        allowed: Sequence[re.Pattern[str]] = (),
        detector: Detector | None = None,
        eye: Eye | None = None,
        live: bool = False,
        searched: Searched | None = None,
    ) -> None:
        """What to remove besides what is recognised by its form or its place.

        Args:
            secrets: values to remove wherever they occur, each with what it is where that is known.
            more: gives a function that removes more from a text, or `None`, whenever it is asked.
            personal: removes personal data from a text; asked after all others, and never about a host.
            allowed: what looks like a secret and is none.
            detector: finds more, for whoever looks at what is left.
            eye: looks for what is left when everything was removed.
            live: whether variables of the environment count that are set later, by a test or what it loads.
            searched: what others searched for the same secrets, in place of `secrets` and `allowed`.
        """
        learning = Learning(searched or Searched(_named(secrets), allowed), live=live)
        super().__init__(learning, more or (lambda: None), personal)
        self.detector = detector
        self._eye = eye
        self._live = live
        self._of_bodies = OfBodies()
        self._last_head = LastHead()

    @classmethod
    def from_environment(
        cls,
        environment: Mapping[str, str] | None = None,
        *,
        more: More | None = None,
        allowed: Sequence[re.Pattern[str]] = (),
        detector: Detector | None = None,
    ) -> Redactor:
        """A redactor that also knows the values of environment variables whose name says that they are keys."""
        values = secret_values(os.environ if environment is None else environment)
        return cls(values, more, allowed=allowed, detector=detector, live=environment is None)

    def knowing(self, secrets: Collection[str]) -> Redactor:
        """A redactor that removes these values as well; what it learns is of no other. Each owner takes one."""
        return self._with(searched=self.searched.knowing(_named(secrets)) if secrets else None)

    def hiding(self, personal: Personal) -> Redactor:
        """A redactor that removes personal data as well."""
        return self._with(personal=personal)

    def watched(self, eye: Eye) -> Redactor:
        """A redactor whose work is looked at."""
        return self._with(eye=eye)

    def _with(
        self, *, searched: Searched | None = None, personal: Personal | None = None, eye: Eye | None = None
    ) -> Redactor:
        return Redactor(
            more=self._more,
            personal=personal or self._personal,
            detector=self.detector,
            eye=eye or self._eye,
            live=self._live,
            searched=searched or self.searched,
        )

    def request(self, request: HttpRequest) -> HttpRequest:
        """The request as a file may hold it."""
        own = self._learned(request)
        head = self._last_head.of(request, self._learning.learned_from) or self._head(request, own)
        made = HttpRequest(method=head.method, url=head.url, headers=head.headers, body=self._sent(request, own))
        if self._eye is None:
            return made
        made = self._eye.request(made)
        held = held_body(made)
        if isinstance(held, ReadJson):
            held.share(self._of_bodies.items)
        return made

    def unsearched(self, request: HttpRequest) -> HttpRequest | None:
        """The request as it was sent, but for its head: the eye is to search it with its answer (`Eye.clears_row`).

        `None`: it is to be searched now.
        """
        head = self.head(request)
        if not self._is_left_to_eye(credentials(request), head.url) or request.header("content-encoding"):
            return None
        body = ReadJson.shared(request.body, self._of_bodies.items)
        return None if body is None else HttpRequest(method=head.method, url=head.url, headers=head.headers, body=body)

    def unsearched_answer(self, response: HttpResponse, proof: Iterable[str]) -> HttpResponse | None:
        """The same of an answer. Args: response: it; proof: as of `response`."""
        own = tuple(proof)
        body = as_written_anew(response.body) if self._is_left_to_eye(own) else None
        if body is None:
            return None
        cleaned = self._of(own).cleaned  # as `_headers`, where nothing else is taken out
        kept = [(kind, value) for name, value in response.headers if (kind := name.lower()) in RESPONSE_HEADERS]
        headers = [(name, cleaned(self.url(value) if name == "location" else value)) for name, value in kept]
        return HttpResponse(status=response.status, reason=response.reason, headers=tuple(headers), body=body)

    def _is_left_to_eye(self, own: Iterable[str], url: str = "") -> bool:
        eye = self._eye
        if eye is None or not self._takes_secrets_alone or not eye.knows_all(self._of(own)):
            return False
        return not url or eye.clears_text(url)

    def _learned(self, request: HttpRequest) -> tuple[str, ...]:
        """What the request proves itself with. What is like a real key is secret from now on, in all that follows."""
        own = credentials(request)
        if self._learning.may_learn_of(own):
            self._learn(lasting_keys(own))
        return own

    def _learn(self, keys: Iterable[str] = ()) -> None:
        if self._learning.learn(keys):
            self._last_head = LastHead()
            if self._eye is not None:
                self._eye.knows(self.searched)

    def look_around(self) -> None:
        """Take in what the environment holds by now: no request may come any more that would be a reason to."""
        self._learn()

    def head(self, request: HttpRequest) -> HttpRequest:
        """The request as a file may hold it, without its body: every request of a client has the same one."""
        environment = self._learning.environment
        known = self._last_head.of(request, environment)
        if known is None and self._learning.nothing and self._takes_secrets_alone:
            self._last_head = self.searched.heads.last  # which others have asked that know the same
            known = self._last_head.of(request, environment)
        return known or self._head(request, self._learned(request))

    def _head(self, request: HttpRequest, own: tuple[str, ...]) -> HttpRequest:
        kept = kept_of_request(request.headers)
        said = request.method, request.url, kept, own
        alone = self._takes_secrets_alone
        known = self.searched.heads.get(said) if alone else None
        if known is None:
            headers = self._headers(kept, REQUEST_HEADERS, own)
            known = HttpRequest(method=request.method, url=self.url(request.url), headers=headers)
        if alone:
            self.searched.heads.keep(said, known)
            self._last_head.note(request, self._learning.learned_from, known)
        return known

    def response(self, response: HttpResponse, proof: Iterable[str] = ()) -> HttpResponse:
        """The response as a file may hold it.

        Args:
            response: The response.
            proof: What the request proved itself with (`real_keys`): a server may repeat it.
        """
        from pytest_llmtrace._model.secrecy.log_probabilities import without_log_probabilities  # noqa: PLC0415
        from pytest_llmtrace._model.secrecy.read_streams import ReadStream  # noqa: PLC0415

        own = tuple(proof)
        made = HttpResponse(
            status=response.status,
            reason=response.reason,
            headers=self._headers(response.headers, RESPONSE_HEADERS, own),
            body=self._answered(response.body, own),
        )
        made = made if self._eye is None else self._eye.response(made)
        if isinstance(held_body(made), ReadStream):  # its texts were looked at, and need not be held
            made = replace(made, body=made.body)
        return made if made.body == response.body else replace(made, body=without_log_probabilities(made.body))

    def _sent(self, request: HttpRequest, own: Iterable[str]) -> SupportsBytes:
        """The body of a request; where it is encoded and holds a secret, decoded."""
        from pytest_llmtrace._model.body_digests import with_digest  # noqa: PLC0415
        from pytest_llmtrace._model.secrecy.bodies import body_without_secrets  # noqa: PLC0415

        body = request.body
        plain = decoded(body, request.header("content-encoding") or "") if body else body
        shared = with_digest(ReadJson.shared(plain, self._of_bodies.items), plain) if self._eye is not None else None
        read = shared or read_json(plain)
        searched = self._of(own)
        clean = (self._eye is not None and self._eye.clears(read, searched)) or self._holds_none(read, own)
        made = self._with_more(plain if clean else body_without_secrets(plain, searched.known))
        if made != plain:
            return read_json(made)
        return read if body is plain else body

    def _answered(self, body: bytes, own: Iterable[str]) -> SupportsBytes:
        """The body of a response. One object in one line is no stream, whose events may hold a secret in pieces."""
        from pytest_llmtrace._model.secrecy.bodies import answer_without_secrets  # noqa: PLC0415
        from pytest_llmtrace._model.secrecy.read_streams import ReadStream, read_answer  # noqa: PLC0415

        read = read_answer(body)
        if isinstance(read, ReadStream):
            clean = read.holds_none(self._of(own))
        else:
            clean = b"\n" not in body and body[:1] == b"{" and self._holds_none(read, own)
        made = self._with_more(body if clean else answer_without_secrets(body, self._of(own).known))
        return read if made == body else read_json(made)

    def _holds_none(self, body: SupportsBytes, own: Iterable[str]) -> bool:
        """Whether a body is JSON that holds no secret; of a history that grows, only what is new is searched."""
        return isinstance(body, ReadJson) and self._of_bodies.clean.hold_none(body, self._of(own))

    def body(self, body: bytes, own: Iterable[str] = ()) -> bytes:
        """The body with every secret replaced; the same bytes where there is none."""
        from pytest_llmtrace._model.secrecy.bodies import body_without_secrets  # noqa: PLC0415

        clean = self._holds_none(read_json(body), own)
        return self._with_more(body if clean else body_without_secrets(body, self._of(own).known))

    def data(self, data: Any) -> Any:
        """JSON-like data with every secret in it replaced; the same object where there is none."""
        self._learn()
        body = canonical_json(data).encode("utf-8", "surrogatepass")
        made = self.body(body)
        if self._eye is not None:
            made = self._eye.body(made, "what was given by hand")
        return data if made == body else parse_json(made)

    def _with_more(self, body: bytes) -> bytes:
        if not body or self._takes_secrets_alone:
            return body
        from pytest_llmtrace._model.body_texts import without_more  # noqa: PLC0415  # few projects take out more

        return without_more(body, self._more(), self._personal)


def _named(secrets: Iterable[str] | Mapping[str, str]) -> dict[str, str]:
    """Values that are long enough to be removed, each with what it is."""
    named = secrets if isinstance(secrets, Mapping) else dict.fromkeys(secrets, "a secret value")
    return {value: what for value, what in named.items() if len(value) >= _SHORTEST_SECRET}
