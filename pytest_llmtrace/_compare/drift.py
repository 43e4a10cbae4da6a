"""The differences between a golden and an observed trace, each cause once."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from typing import Final

from pytest_llmtrace._compare.align import rising
from pytest_llmtrace._compare.changes import Change
from pytest_llmtrace._compare.entries import compare_entries
from pytest_llmtrace._compare.fingerprints import Fingerprints, Print
from pytest_llmtrace._compare.fold import Ledger, Position, Root
from pytest_llmtrace._compare.lens import lens
from pytest_llmtrace._compare.pair import Pairing, Talk, pairings, talk
from pytest_llmtrace._compare.policy import Policy
from pytest_llmtrace._compare.thread import Thread, at
from pytest_llmtrace._model.conversations import conversations
from pytest_llmtrace._model.findings import Drift
from pytest_llmtrace._model.trace import Trace
