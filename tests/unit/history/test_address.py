"""What names a database, what is told of it, and what is an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llmtrace._history import address
from pytest_llmtrace._history.address import check_installed, database
from pytest_llmtrace.errors import SettingsError

HERE = Path("/project")


@pytest.mark.parametrize(
    ("text", "shown", "url"),
    [
        ("history.db", "/project/history.db", ""),
        ("sqlite:///sub/h%20x.db", "/project/sub/h x.db", ""),
        ("sqlite:////abs/h.db", "/abs/h.db", ""),
        ("postgresql://u:p%40w@db:5433/llm", "postgresql://db:5433/llm", "postgresql+psycopg://u:p%40w@db:5433/llm"),
        ("postgres://db/llm", "postgresql://db/llm", "postgresql+psycopg://db/llm"),
        ("postgresql://u@[::1]/llm", "postgresql://[::1]/llm", "postgresql+psycopg://u@[::1]/llm"),
        ("postgresql:///llm?host=/run/pg", "postgresql:///run/pg/llm", "postgresql+psycopg:///llm?host=/run/pg"),
    ],
)
def test_databases_have_names_without_passwords(text: str, shown: str, url: str) -> None:
    """A path or a URL; what is shown, and tells databases apart, has neither user nor password nor options."""
    found = database(text, "--llm-history", HERE)
    assert (found.shown, found.url) == (shown, url)
    assert "p%40w" not in repr(found)
    assert "p@w" not in repr(found)
    assert found.digest == database(text.replace("p%40w", "other"), "x", HERE).digest


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mysql://u:geheim@h/d", "mysql:// is none that can be used"),
        ("postgresql+asyncpg://u:geheim@h/d", r"postgresql\+asyncpg:// is none that can be used"),
        ("u:geheim/x@h://d", "--llm-history: name a file"),
        ("sqlite://", "needs the path of a file"),
        ("sqlite:///h.db?geheim=1", "takes no options"),
        (":memory:", "a history is kept in a database"),
        ("", "a history is kept in a database"),
        ("/", "/ is a folder"),
        ("postgresql://u:geheim@h", "must end with the name of a database"),
        ("postgresql://u:geheim/x@h/d", "its host or port cannot be read"),
        ("postgresql://u:geheim@h:port/d", "its host or port cannot be read"),
        ("postgresql://u:x@geheim@h/d", "more than one @"),
        ("postgres:/u:geheim@h/d", "not followed by ://"),
        ("postgresql://u:gehe#im@h/d", "cannot be read|must end with"),
    ],
)
def test_what_names_no_database_is_an_error_that_repeats_no_password(text: str, said: str) -> None:
    """Each says what can be written instead."""
    with pytest.raises(SettingsError, match=said) as raised:
        database(text, "--llm-history", HERE)
    assert str(raised.value).startswith("--llm-history")
    assert "geheim" not in str(raised.value)


def test_a_password_is_taken_out_of_what_a_driver_says() -> None:
    """As it was written, as it is, and where it stands among the options."""
    found = database("postgresql://u:p%40w@h/d?sslpassword=s3cret", "x", HERE)
    assert found.without_secrets("p%40w p@w s3cret u@h") == "*** *** *** u@h"


def test_what_is_missing_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite needs no driver; PostgreSQL does."""
    monkeypatch.setattr(address, "find_spec", lambda _name: None)
    with pytest.raises(SettingsError, match=r"needs sqlalchemy: pip install 'pytest-llmtrace\[history\]'$"):
        check_installed(database("h.db", "x", HERE), "--llm-history")
    with pytest.raises(SettingsError, match=r"needs sqlalchemy and psycopg: pip install"):
        check_installed(database("postgresql://h/d", "x", HERE), "--llm-history")
