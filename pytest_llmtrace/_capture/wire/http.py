"""The HTTP stub: vcrpy's patches on every HTTP library, with our own decisions behind them.

vcrpy intercepts; matching, storage and misses are ours. One switchboard is installed for the whole session and asks
the current recorder about each request. `router`, `other_cassettes`, `vcr_patches` and `late_libraries` alone touch
vcrpy's private names.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, Literal

from pytest_llmtrace._capture.wire.late_libraries import KEPT, patched_on_arrival, spared
from pytest_llmtrace._capture.wire.late_serializers import serializers_put_off
from pytest_llmtrace._capture.wire.litellm_stub import LitellmTransport
from pytest_llmtrace._capture.wire.mocks import noting_sends
from pytest_llmtrace._capture.wire.other_cassettes import watching_others
from pytest_llmtrace._capture.wire.router import patches_of, patches_to
from pytest_llmtrace._capture.wire.swapping import swapping
from pytest_llmtrace._capture.wire.switchboard import Switchboard
from pytest_llmtrace._capture.wire.vcr_patches import telling_senders, vcr_patches
from pytest_llmtrace._capture.wire.vcr_values import request_of, response_of


class Interception:
    """Installs and removes the HTTP stub for the process."""

    def __init__(
        self,
        *,
        stop: Callable[[str], BaseException],
        replay_only: bool,
        allows: Callable[[str], bool] = lambda _host: False,
        swaps: Sequence[tuple[str, str]] = (),
    ) -> None:
        """How the stub behaves where no owner answers.

        Args:
            stop: makes the exception for an LLM request that no owner answers for.
            replay_only: whether LLM providers are out of reach even outside of any owner (trace mode).
            allows: whether the project lets connections to a host past the tape.
            swaps: models that live runs ask for, and what they are to ask in their place.
        """
        self._swaps = tuple(swaps)
        self._switchboard = Switchboard(stop=stop, replay_only=replay_only, allows=allows)
        self._patches: contextlib.ExitStack | None = None
        self._litellm: LitellmTransport | None = None

    @property
    def installed(self) -> bool:
        """Whether the stub is in place."""
        return self._patches is not None

    def install(self) -> None:
        """Put the stub in place, once; imports vcrpy."""
        if self._patches is not None:
            return
        with contextlib.ExitStack() as patches:
            if self._swaps:
                patches.enter_context(swapping(self._swaps))
            with spared() as missing, serializers_put_off():
                for patcher in (*watching_others(self._observed, self._refused), *vcr_patches(), *noting_sends()):
                    patches.enter_context(patcher)
                for patcher in patches_to(self._switchboard):
                    patches.enter_context(patcher)
            self._litellm = LitellmTransport(self._switchboard)
            patches.enter_context(patched_on_arrival(missing, self._patch))
            patches.callback(self._litellm.detach)
            self._litellm.attach()
            self._patches = patches.pop_all()

    def arrived(self) -> None:
        """The module with litellm's transport was imported."""
        if self._litellm is not None:
            self._litellm.attach()

    def _patch(self, name: str, patches: contextlib.ExitStack) -> None:
        """A library that is patched has been imported."""
        for patcher in telling_senders(KEPT[name]):
            patches.enter_context(patcher)
        for patcher in (*patches_of(self._switchboard, name), *noting_sends((name,))):
            patches.enter_context(patcher)
        if name == "aiohttp" and self._litellm is not None:
            self._litellm.aiohttp_is_patched()

    def remove(self) -> None:
        """Take the stub away."""
        if self._patches is not None:
            self._patches.close()
            self._patches = None

    def _observed(self, request: Any, response: Any, source: Literal["live", "tape"]) -> None:
        """Another cassette has answered or recorded a request of vcrpy's."""
        self._switchboard.observed(lambda: (request_of(request), response_of(response)), source)

    def _refused(self, request: Any, path: str) -> None:
        """Another cassette has no answer to a request of vcrpy's."""
        self._switchboard.refused(lambda: request_of(request), path)
