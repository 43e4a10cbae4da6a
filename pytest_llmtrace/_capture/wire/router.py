"""What vcrpy's patches lead to: one cassette for the whole session, which holds nothing and asks the switchboard.

The stub of httpx is our own (`httpx_stub`), and takes nothing from it but the switchboard.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from typing import Any, Final

from pytest_llmtrace._capture.wire.in_flight import handed_on, noticing_failures
from pytest_llmtrace._capture.wire.instrumented import bare_originals, below, wrapped_by_others
from pytest_llmtrace._capture.wire.switchboard import Opened, Switchboard
from pytest_llmtrace._capture.wire.vcr_values import as_vcr, request_of, response_of

IN_PROCESS: Final = frozenset({"WSGITransport", "ASGITransport", "MockTransport"})
"""Transports that never leave the process: patched by vcrpy, left alone by us, or the application under test would
not run at all in replay."""

BUILDERS: Final = {"botocore.awsrequest": "_boto3", "aiohttp": "_aiohttp", "httpx": "_httpx", "httpx2": "_httpx2"}
"""The methods of vcrpy's builder that make the patches of each library."""

_TICKET: Final = "_llmtrace_ticket"


def patches_to(switchboard: Switchboard) -> Iterator[Any]:
    """The patches that vcrpy makes of every HTTP library, with a switchboard behind them."""
    import vcr.patch  # noqa: PLC0415  # costs half a second, paid only by runs that trace

    with bare_originals(vcr.patch):
        built = list(_builder_class(vcr.patch)(_router_class()(switchboard)).build())
    yield from built


def patches_of(switchboard: Switchboard, module: str) -> Iterator[Any]:
    """Those of them that are of one library, where it is imported after the others are in place."""
    import vcr.patch  # noqa: PLC0415

    with bare_originals(vcr.patch):
        built = list(getattr(_builder_class(vcr.patch)(_router_class()(switchboard)), BUILDERS[module])())
    yield from built


@functools.cache
def _router_class() -> type:
    from vcr.cassette import Cassette  # noqa: PLC0415

    class Router(Cassette):  # type: ignore[misc]
        """The cassette that vcrpy's stubs talk to: it holds nothing itself."""

        is_router = True

        def __init__(self, switchboard: Switchboard) -> None:
            super().__init__(path="llmtrace")
            self.switchboard = switchboard

        def __bool__(self) -> bool:
            return True  # an empty vcrpy cassette is falsy

        @property
        def write_protected(self) -> bool:
            return False  # what cannot be answered stops in `open`, with our own exception

        def filter_request(self, request: Any) -> Any:
            return request

        def can_play_response_for(self, request: Any) -> bool:
            opened = _opened(self.switchboard, request)
            return opened is not None and opened[1].replayed

        def play_response(self, request: Any) -> dict[str, Any]:
            answer: dict[str, Any] = self.switchboard.answer(_opened(self.switchboard, request), as_vcr)
            return answer

        def append(self, request: Any, response: dict[str, Any]) -> None:
            self.switchboard.answered(_opened(self.switchboard, request), lambda: response_of(response))

    return Router


def _opened(switchboard: Switchboard, request: Any) -> Opened | None:
    """What the switchboard says of a request of vcrpy's; asked again, the same."""
    found: tuple[Opened | None] | None = getattr(request, _TICKET, None)
    if found is None:
        handed = handed_on()
        found = (handed.opened if handed is not None else switchboard.open(lambda: request_of(request)),)
        setattr(request, _TICKET, found)
    return found[0]


def _builder_class(patch: Any) -> type:
    class Builder(patch.CassettePatcherBuilder):  # type: ignore[misc]
        """Skips in-process transports, and notices requests that fail without an answer."""

        def _build_patcher(self, obj: Any, patched_attribute: str, replacement_class: Any) -> Any:
            if getattr(obj, "__name__", "") in IN_PROCESS:
                return None
            if inspect.isfunction(replacement_class):
                replacement_class = noticing_failures(replacement_class)
                if wrapped_by_others(obj, patched_attribute):
                    return below(obj, patched_attribute, replacement_class)
            return super()._build_patcher(obj, patched_attribute, replacement_class)

        def _build_cassette_subclass(self, base_class: type) -> type:
            made: type[Any] = super()._build_cassette_subclass(base_class)
            if hasattr(made, "getresponse"):
                made.getresponse = noticing_failures(made.getresponse)
            return made

    return Builder
