"""Mocks of other libraries that answer below our stub: what they answer is left to them."""

from __future__ import annotations

import sys


def is_mocked_below() -> bool:
    """Whether respx answers: it patches httpcore, below our stub, so such a request never leaves the process."""
    mocker = getattr(sys.modules.get("respx.mocks"), "Mocker", None)
    registry = getattr(mocker, "registry", {})
    return any(getattr(one, "routers", None) for one in registry.values())
