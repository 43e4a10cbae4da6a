"""How our handler gets into every LangChain run: through LangChain's own list of handlers that are always there.

The only module that touches that list, which is private: `register_configure_hook` adds to it, nothing removes.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar
from typing import Any, Final

HOME: Final = "langchain_core.tracers.context"
"""The module that holds the list; LangChain imports it with its first run, and the handler is in time for that."""

LIST: Final = "_configure_hooks"


class Hook:
    """Our handler in LangChain, for as long as anybody holds it."""

    def __init__(self) -> None:
        self._held = False

    def attach(self) -> None:
        """From now on every run has our handler, whenever LangChain is imported."""
        import wrapt  # noqa: PLC0415 - only where something is traced

        if not self._held:
            self._held = True
            _holders.append(self)
            wrapt.register_post_import_hook(_imported, HOME)
        _imported(sys.modules.get(HOME))

    def detach(self) -> None:
        """Take it away, where nobody else holds it."""
        if self._held:
            self._held = False
            _holders.remove(self)
        while _entered and not _holders:
            hooks, entry = _entered.pop()
            hooks[:] = [one for one in hooks if one is not entry]


def _imported(module: Any) -> None:
    """Enter our handler in the list of a module, once: a test of plugins may import LangChain anew."""
    hooks = getattr(module, LIST, None)
    register = getattr(module, "register_configure_hook", None)
    if not _holders or not isinstance(hooks, list) or any(known is hooks for known, _ in _entered):
        return
    from pytest_llmtrace._capture.from_langchain.handler import handler_class  # noqa: PLC0415 - imports LangChain

    # A default is the same in every context, threads included, so LangChain finds the handler wherever it looks.
    always: ContextVar[Any] = ContextVar("llmtrace_langchain", default=handler_class()())  # noqa: B039 - it holds nothing
    before = list(hooks)
    register(always, inheritable=True)  # type: ignore[misc]
    _entered.extend((hooks, one) for one in hooks if not any(one is known for known in before))


_holders: Final[list[Hook]] = []
_entered: Final[list[tuple[list[Any], Any]]] = []
"""Where our handler stands: a list of LangChain's, and the entry in it."""
