"""Where a history is kept: a file of SQLite, or a database of PostgreSQL. The password is in here and nowhere else."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from pytest_llmtrace.errors import SettingsError

VARIABLE: Final = "LLMTRACE_HISTORY"
"""The environment variable that names the database: the place for a URL with a password in it."""
HIDDEN: Final = "***"
_POSTGRESQL: Final = frozenset({"postgres", "postgresql", "postgresql+psycopg"})
_EXAMPLES: Final = "a file such as history.db, sqlite:///history.db, or postgresql://user:password@host/database"
_ESCAPES: Final = "in a password, write / : @ # ? % as %2F %3A %40 %23 %3F %25"
_INSTALL: Final = "pip install 'pytest-llmtrace[history]'"
_NEEDED: Final = {"sqlite": ("sqlalchemy",), "postgresql": ("sqlalchemy", "psycopg")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """One database."""

    kind: Literal["sqlite", "postgresql"]
    shown: str
    """What people are told: no user, no password, no options."""
    url: str = field(default="", repr=False)
    """Of PostgreSQL, what SQLAlchemy is given."""
    path: Path | None = None
    """Of SQLite, the file."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """The password as it may stand in what a driver says."""

    @property
    def digest(self) -> str:
        """Twelve digits that tell this database from others, whoever asks for it with whatever password."""
        return hashlib.sha256(self.shown.encode("utf-8", "surrogateescape")).hexdigest()[:12]

    def without_secrets(self, text: str) -> str:
        """What a driver says about this database, without the password."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return text


def database(text: str, source: str, folder: Path) -> Database:
    """The database that a setting names.

    Args:
        text: a URL, or the path of a file.
        source: the setting, for errors.
        folder: what a relative path is relative to.

    Raises:
        SettingsError: no such database can be used; what was written is not repeated, since it may hold a password.
    """
    scheme, separator, rest = text.partition("://")
    if not separator:
        if "@" in text and text.lower().startswith("postgres"):
            raise SettingsError(f"{source}: postgresql is not followed by ://; name {_EXAMPLES}")
        return _file(text, source, folder)
    if scheme == "sqlite":
        if not rest.startswith("/") or rest == "/":
            raise SettingsError(f"{source}: sqlite:// needs the path of a file, such as sqlite:///history.db")
        if "?" in rest:
            raise SettingsError(f"{source}: sqlite:// takes no options after a question mark; write {_EXAMPLES}")
        return _file(unquote(rest[1:]), source, folder)
    if scheme not in _POSTGRESQL:
        known = "" if _is_odd(scheme) else f" {scheme}:// is none that can be used;"
        raise SettingsError(f"{source}:{known} name {_EXAMPLES}")
    return _server(rest, source)


def check_installed(found: Database, source: str) -> None:
    """Raises: SettingsError with the command that installs what is missing."""
    missing = [name for name in _NEEDED[found.kind] if find_spec(name) is None]
    if missing:
        raise SettingsError(f"{source}: {found.shown} needs {' and '.join(missing)}: {_INSTALL}")


def _file(text: str, source: str, folder: Path) -> Database:
    if not text.strip() or "\0" in text or text == ":memory:":
        raise SettingsError(f"{source}: a history is kept in a database; name {_EXAMPLES}")
    path = Path(os.path.normpath(folder / Path(text).expanduser()))
    if path.is_dir():
        raise SettingsError(f"{source}: {path} is a folder; name a file in it, such as {path / 'history.db'}")
    return Database(kind="sqlite", shown=str(path), path=path)


def _server(rest: str, source: str) -> Database:
    try:
        parts = urlsplit(f"postgresql://{rest}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise SettingsError(f"{source}: its host or port cannot be read; {_ESCAPES}") from None
    if parts.netloc.count("@") > 1:  # a driver would take what follows the first for the host, and say it aloud
        raise SettingsError(f"{source}: it has more than one @; {_ESCAPES}")
    query = parse_qsl(parts.query, keep_blank_values=True)
    options = dict(query)
    name = unquote(parts.path.removeprefix("/")) or options.get("dbname", "")
    if not name or "/" in name or parts.fragment:
        raise SettingsError(
            f"{source}: it must end with the name of a database, like postgresql://user:password@host/database; "
            + _ESCAPES
        )
    at = f"[{host}]" if ":" in host else host or options.get("host", "")
    secret = {unquote(parts.password or ""), parts.password or ""}
    secret |= {value for key, value in query if "pass" in key.lower()}
    return Database(
        kind="postgresql",
        shown=f"postgresql://{at}{f':{port}' if port else ''}/{name}",
        url=f"postgresql+psycopg://{rest}",
        secrets=tuple(sorted(one for one in secret if one)),
    )


def _is_odd(scheme: str) -> bool:
    """Whether it may be anything but the name of a kind of database: a part of a password."""
    return not scheme.replace("+", "").isalnum() or len(scheme) > 30
