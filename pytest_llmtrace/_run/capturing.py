"""What is installed in the process while tests are traced: the HTTP stub, the guard, and what libraries tell us by."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from pytest_llmtrace._capture import dspy_cache
from pytest_llmtrace._capture.from_langchain.hook import Hook
from pytest_llmtrace._capture.from_litellm.logger import Logger
from pytest_llmtrace._capture.from_litellm.router_waits import MODULES as ROUTER_MODULES
from pytest_llmtrace._capture.from_litellm.router_waits import RouterWaits
from pytest_llmtrace._capture.guard.native import LIBRARIES as NATIVE_LIBRARIES
from pytest_llmtrace._capture.guard.network import Guard
from pytest_llmtrace._capture.wire.http import Interception
from pytest_llmtrace._capture.wire.lazy_tls import lazy_certificates
from pytest_llmtrace._capture.wire.litellm_stub import MODULE as LITELLM_TRANSPORT
from pytest_llmtrace._capture.wire.strays import strays
from pytest_llmtrace._capture.wire.telemetry import flush_traces
from pytest_llmtrace._model.loading import collecting_nothing
from pytest_llmtrace._run.stops import stop
from pytest_llmtrace._settings.early import keep_litellm_local
from pytest_llmtrace._settings.values import Settings


class Capturing:
    """Everything that capture needs in a process, put in place once and taken away in the end."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._logger = Logger()
        self._guard = Guard(allowed=settings.allow_hosts)
        self._langchain = Hook()
        self._resources = contextlib.ExitStack()
        self._installed = False

    def install(self) -> None:
        """Put everything in place; the first traced test does it, so that an untraced run pays nothing."""
        if self._installed:
            self._guard.install()
            self._logger.attach()
            return
        with collecting_nothing(), contextlib.ExitStack() as undone:
            undone.callback(self._resources.close)  # half of it would let tests past the tape
            self._install()
            undone.pop_all()
        self._installed = True

    def _install(self) -> None:
        import wrapt  # noqa: PLC0415  # only where something is traced

        keep_litellm_local()
        replay_only, swaps = self._settings.offline, self._settings.live.models
        interception = Interception(stop=stop, replay_only=replay_only, allows=self._guard.allows, swaps=swaps)
        interception.install()
        self._resources.callback(interception.remove)
        wrapt.register_post_import_hook(lambda _module: interception.arrived(), LITELLM_TRANSPORT)
        if self._settings.run_mode != "off":
            self._resources.enter_context(strays.noting())
        self._guard.install()
        self._resources.callback(self._guard.remove)
        for module in NATIVE_LIBRARIES:
            wrapt.register_post_import_hook(lambda _module: self._guard.arrived(), module)
        if replay_only:
            self._resources.callback(flush_traces)
            self._resources.enter_context(lazy_certificates())
        wrapt.register_post_import_hook(lambda _module: self._logger.attach(), "litellm")
        self._resources.callback(self._logger.detach)
        self._logger.attach()
        waits = RouterWaits()
        self._resources.callback(waits.detach)
        for module in ROUTER_MODULES:
            wrapt.register_post_import_hook(lambda _module: waits.attach(), module)
        wrapt.register_post_import_hook(lambda _module: dspy_cache.arrived(), "dspy")
        self._resources.callback(self._langchain.detach)
        self._langchain.attach()

    def hold(self, item: pytest.Item) -> None:
        """Be in place for the call phase of a test, whatever its fixtures and other plugins took away or put over."""
        self._guard.install()
        self._logger.attach()
        item.addfinalizer(self._guard.install)  # other plugins take their guards away before fixtures are torn down

    def remove(self) -> None:
        """Take everything away again, for good."""
        self._resources.close()


def take_strays() -> list[dict[str, Any]]:
    """Calls of LLMs that no test made, as plain data, handed out once."""
    return strays.take()
