"""How private an owner's files and reports are: what replaces its texts, and what its tape is written as."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.secret_key import VARIABLE, SecretKey
from pytest_llmtrace._store.sealed import Seal
from pytest_llmtrace.errors import LockedCassetteError

if TYPE_CHECKING:  # few projects ask for digests, or have rules
    from pytest_llmtrace._compare.rules.normalize import AnyRule
    from pytest_llmtrace._model.privacy import Mask
    from pytest_llmtrace._model.trace import Trace
    from pytest_llmtrace._settings.private import Tapes
    from pytest_llmtrace._settings.values import Settings
    from pytest_llmtrace._store.golden_file import Golden


@frozen
class Privacy:
    """What one owner keeps of what was said."""

    mask: Mask | None = None
    """Replaces texts in everything that is written or shown; `None`: they stay."""
    tapes: Tapes = "on"
    key: SecretKey | None = None
    rules: tuple[AnyRule, ...] = ()
    """Normalisation, which must come before texts are replaced."""

    def masked(self, trace: Trace) -> Trace:
        """The trace as it may be written and shown."""
        return self.mask.trace(trace) if self.mask is not None else trace

    def shown(self, trace: Trace) -> Trace:
        """The masked trace for whoever reads it as it is: ids that a provider made up are numbers, too."""
        if self.mask is None:
            return trace
        from pytest_llmtrace._model.renumber import renumber  # noqa: PLC0415

        return renumber(self.mask.trace(trace))

    def masked_line(self, text: str | None) -> str | None:
        """A text that may quote anything after its first colon, such as that of an exception, as it may be shown."""
        if self.mask is None or text is None:
            return text
        name, colon, rest = text.partition(": ")
        return f"{name}: {self.mask.text(rest)}" if colon else name if name.isidentifier() else self.mask.text(name)

    def masked_traceback(self, text: str) -> str:
        """A traceback as it may be shown: the places, without what the exception says."""
        if self.mask is None:
            return text
        return "\n".join(line for line in text.split("\n") if line.startswith(("Traceback ", '  File "')))

    def masked_request(self, text: str) -> str:
        """A line of ours with URLs in it, without what was asked in those."""
        return self.mask.urls_in(text) if self.mask is not None else text

    def stop(self, stop: Callable[[str], BaseException]) -> Callable[[str], BaseException]:
        """What ends a request without an answer, without naming what it asked."""
        return lambda text: stop(self.masked_request(text))

    def seal(self, owner: str, *, strict: bool) -> Seal:
        """What opens and closes the files of an owner; `strict`: those of no other owner."""
        return Seal(owner, self.key, strict=strict)

    def comparable(self, golden: Golden, trace: Trace, path: Path) -> tuple[Trace, Trace]:
        """Both traces in such a form that equal texts are equal.

        A golden trace with texts is masked as the observed one is; for one with stand-ins the observed trace is masked
        in its way, whatever the settings say.

        Args:
            golden: As it lies on disk.
            trace: As it was observed.
            path: Of the golden trace, for errors.

        Raises:
            LockedCassetteError: the stand-ins were made with a key that is not there.
        """
        if golden.privacy is None:
            return self.masked(golden.trace), self.masked(trace)
        return golden.trace, self.unlock(golden, path).trace(trace)

    def unlock(self, golden: Golden, path: Path) -> Mask:
        """What makes such stand-ins as a golden trace holds. Raises: LockedCassetteError."""
        from pytest_llmtrace._model.privacy import Mask  # noqa: PLC0415
        from pytest_llmtrace._model.stand_ins import KIND, PLAIN  # noqa: PLC0415

        kind = golden.privacy or PLAIN
        if self.mask is not None and self.mask.kind == kind:
            return self.mask
        if kind == PLAIN:
            return Mask(None, prepared(self.rules))
        found = KIND.fullmatch(kind)
        wanted = found.group(1) if found else None
        if self.key is None:
            raise LockedCassetteError(
                f"{path} holds digests that were made with a key, and {VARIABLE} is not set.\n"
                f"Set the environment variable {VARIABLE} to the key that it was recorded with."
            )
        if wanted != self.key.check:
            raise LockedCassetteError(
                f"{path} holds digests that were made with another key than the one in {VARIABLE}.\n"
                f"Set {VARIABLE} to the key that it was recorded with, or record the test again."
            )
        return Mask(self.key, prepared(self.rules))


def privacy_of(settings: Settings, rules: Sequence[AnyRule]) -> Privacy:
    """The privacy that the settings ask for, for an owner with these normalisation rules."""
    mask = None
    if settings.privacy == "hash":
        from pytest_llmtrace._model.privacy import Mask  # noqa: PLC0415

        mask = Mask(settings.key, prepared(rules))
    return Privacy(mask=mask, tapes=settings.tapes, key=settings.key, rules=tuple(rules))


def prepared(rules: Sequence[AnyRule]) -> Callable[[str], str] | None:
    """The rules, one after the other, as one function; `None` where there are none."""
    if not rules:
        return None
    return lambda text: reduce(lambda made, rule: rule.apply(made), rules, text)
