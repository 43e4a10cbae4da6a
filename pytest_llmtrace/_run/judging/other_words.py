"""Whether the tape has a request in other words; what that takes is imported with the first that it does not know."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_llmtrace._compare.policies.policy import Policy
from pytest_llmtrace._model.http import HttpRequest, Interaction

if TYPE_CHECKING:
    from pytest_llmtrace._capture.tape import Same
    from pytest_llmtrace._run.judging.same_request import RecordedRequests


class OtherWords:
    """What a tape asks about requests that are not on it as they are."""

    def __init__(self, policy: Policy, recorded: Sequence[Interaction]) -> None:
        """Args: policy: whose rules hold; recorded: what is on the tape."""
        self._policy = policy
        self._recorded = recorded

    def outline(self, request: HttpRequest) -> str | None:
        """What requests that mean the same have in common at least; `None` for no LLM call."""
        return self.requests.outline(request)

    @staticmethod
    def alike(one: HttpRequest, other: HttpRequest) -> bool:
        """Whether two requests ask the same, however they are spelled."""
        from pytest_llmtrace._run.judging.same_request import means_the_same  # noqa: PLC0415

        return means_the_same(one, other)

    def same(self, one: HttpRequest, other: HttpRequest) -> bool:
        """Whether a recorded request and another one, which means something else, are the same all the same."""
        return self._same(one, other)

    @cached_property
    def requests(self) -> RecordedRequests:
        """The requests of the tape, each read once."""
        from pytest_llmtrace._run.judging.same_request import RecordedRequests  # noqa: PLC0415

        return RecordedRequests(self._recorded)

    @cached_property
    def _same(self) -> Same:
        from pytest_llmtrace._run.judging.same_request import same_request  # noqa: PLC0415

        return same_request(self._policy, self._recorded, self.requests)
