"""The exceptions of pytest-llmtrace.

::

    LlmtraceError
    ├── SettingsError          an option, ini value or marker argument that cannot be used
    ├── CassetteError          a cassette file that cannot be used as it is
    │   ├── BrokenCassetteError  not what the format says: damaged, foreign, edited by hand
    │   ├── NewerCassetteError   written by a later version of pytest-llmtrace
    │   └── LockedCassetteError  encrypted, or digests of it are keyed, and the key is not there or another one
    ├── StorageError           a file that could not be written
    └── GitError               what git was asked for, it could not give

Drift, breaches and misses are results (`pytest_llmtrace._model.findings`), not exceptions.
"""


class LlmtraceError(Exception):
    """Base of every exception that pytest-llmtrace raises on purpose."""


class SettingsError(LlmtraceError):
    """An option, ini value or marker argument that cannot be used; the text names the way out."""


class CassetteError(LlmtraceError):
    """A cassette file that cannot be used; the text names the file and the way out."""


class BrokenCassetteError(CassetteError):
    """A cassette file that is damaged, foreign, or was edited into something unreadable."""


class NewerCassetteError(CassetteError):
    """A cassette file whose format number is newer than this version understands."""


class LockedCassetteError(CassetteError):
    """A cassette file for which the key in `LLMTRACE_KEY` is missing, or another one than it was written with."""


class StorageError(LlmtraceError):
    """A file that could not be written; the text names the file and the operating system's reason."""


class GitError(LlmtraceError):
    """Git is not there, or does not have what it was asked for; the text says what, and the way out."""
