"""What detect-secrets knows of keys, as one more eye on what is recorded.

Its detectors of named keys are asked, and no others: those for high entropy and for keywords (``password =``) find
something in nearly every conversation with a model. Those for private keys and passwords in URLs take the mention of
one for the thing itself, that for Azure's storage takes the signature of every thought for one; our own do better.
Nothing is asked whether a key still works: no network.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pytest_llmtrace._model.secrecy.eye import Detector

NAME: Final = "detect-secrets"
"""What a setting calls it."""


def is_installed() -> bool:
    """Whether it is there, from whichever of the two distributions."""
    return importlib.util.find_spec("detect_secrets") is not None


def detector() -> Detector:
    """Finds the keys that it knows in a text."""
    plugins = list(_plugins())

    def find(text: str) -> Iterator[tuple[str, str]]:
        for plugin in plugins:
            for secret in dict.fromkeys(plugin.analyze_string(text)):
                yield f"{_article(plugin.secret_type)} {plugin.secret_type} (by detect-secrets)", secret

    return find


def _plugins() -> Iterator[Any]:
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class  # noqa: PLC0415
    from detect_secrets.plugins.base import RegexBasedDetector  # noqa: PLC0415

    kinds = get_mapping_from_secret_type_to_class()
    for _, kind in sorted(kinds.items()):
        if issubclass(kind, RegexBasedDetector) and kind.__name__ not in _NOT_ASKED:
            yield kind()


def _article(name: str) -> str:
    return "an" if name[:1] in "AEIOU" else "a"


_NOT_ASKED: Final = frozenset(
    {"AzureStorageKeyDetector", "BasicAuthDetector", "IPPublicDetector", "PrivateKeyDetector"}
)
