"""A provider: a script, a desk and a server in one handle."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from tests.provider.desk import Desk, Request
from tests.provider.reply import Replier
from tests.provider.script import Script, ScriptSource, load_script
from tests.provider.server import Server


class Provider:
    """A local LLM provider. Use it as a context manager; all of it is safe to use from several threads.

    Args:
        script: rules, turns, or a file of them (see `load_script`); without one, every answer is an echo.
        random_ids: give each answer its own random ids, time and date, as a real provider does.
        gzip: compress answers for clients that accept it.
        port: 0 takes any that is free.
    """

    def __init__(
        self, script: ScriptSource = None, *, random_ids: bool = False, gzip: bool = False, port: int = 0
    ) -> None:
        self._desk = Desk(Replier(script=Script(load_script(script)), random_ids=random_ids, gzip=gzip))
        self._server = Server(("127.0.0.1", port), self._desk)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Base URL for Anthropic clients: scheme, host and port."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def openai_url(self) -> str:
        """Base URL for OpenAI clients: with ``/v1``."""
        return f"{self.url}/v1"

    @property
    def env(self) -> dict[str, str]:
        """Environment variables that point the SDKs and litellm here."""
        return {
            "OPENAI_API_KEY": "sk-local-provider",
            "OPENAI_BASE_URL": self.openai_url,
            "OPENAI_API_BASE": self.openai_url,
            "ANTHROPIC_API_KEY": "sk-ant-local-provider",
            "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_API_BASE": self.url,
        }

    @property
    def requests(self) -> list[Request]:
        """Every request so far, in the order of arrival."""
        return self._desk.requests

    @property
    def count(self) -> int:
        """How many requests have come so far."""
        return len(self._desk.requests)

    def wait_for(self, count: int, *, timeout: float = 5.0) -> None:
        """Return as soon as so many requests have come.

        Raises:
            TimeoutError: they did not.
        """
        self._desk.wait_for(count, timeout)

    def rewind(self) -> None:
        """Forget the requests and start the script again."""
        self._desk.rewind()

    def stop(self) -> None:
        """Close the port and every open connection; connecting is refused from here on. May be called again."""
        self._desk.close()
        self._server.stop()
