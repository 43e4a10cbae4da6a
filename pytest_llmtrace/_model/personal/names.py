"""What the kinds of personal data are called in settings, for whom needs no more than the names."""

from __future__ import annotations

from typing import Final

NAMES: Final = ("card", "iban", "ssn", "email", "phone", "ip")
"""In the order in which they are looked for; `kinds.KINDS` says how."""
