"""The ini values of a project for a command: read from its file as pytest reads it, without running what is in it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from pytest_llmtrace._model.bounded_reading import read_regular
from pytest_llmtrace._model.bounds import LARGEST_SOURCE
from pytest_llmtrace._model.personal.kind import Kind
from pytest_llmtrace._settings.personal import read_personal
from pytest_llmtrace.errors import SettingsError


def personal_of_project(folder: Path) -> tuple[Kind, ...]:
    """What is personal data in the project that a folder belongs to. Raises: SettingsError."""
    file, values = _found(folder.resolve())
    return read_personal(_words(values.get("llm_pii")), _lines(values.get("llm_redact")), file)


def history_of_project(folder: Path) -> tuple[str, str, Path]:
    """The database of the project's history, where that is written, and what its path is relative to."""
    file, values = _found(folder.resolve())
    text = values.get("llm_history")
    return (text if isinstance(text, str) else "").strip(), f"{file}: llm_history", Path(file).parent


def _found(folder: Path) -> tuple[str, Mapping[str, Any]]:
    """The nearest file with settings of pytest, and those."""
    for base in (folder, *folder.parents):
        for name, sections in _FILES.items():
            path = base / name
            values = _read(path, sections) if path.is_file() else None
            if values is not None:
                return str(path), values
    return "ini", {}


def _read(path: Path, sections: Iterable[str]) -> Mapping[str, Any] | None:
    """The settings in a file; `None` where it is not about pytest."""
    try:
        if path.suffix == ".toml":
            tool = tomllib.loads(read_regular(path, LARGEST_SOURCE).decode()).get("tool", {})
            table = tool.get("pytest") if isinstance(tool, dict) else None
            return table.get("ini_options", table) if isinstance(table, dict) else None
        import iniconfig  # noqa: PLC0415  # comes with pytest; only this command needs it

        ini = iniconfig.IniConfig(str(path), read_regular(path, LARGEST_SOURCE).decode())
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError(f"{path}: its settings cannot be read: {error}") from None
    section = next((one for one in sections if one in ini.sections), None)
    if section is not None:
        return dict(ini.sections[section])
    return {} if path.suffix == ".ini" and path.name != "tox.ini" else None


def _words(value: Any) -> list[str]:
    return value.split() if isinstance(value, str) else [str(one) for one in value or ()]


def _lines(value: Any) -> list[str]:
    lines = value.split("\n") if isinstance(value, str) else [str(one) for one in value or ()]
    return [line.strip() for line in lines if line.strip()]


_FILES: Final = {
    "pytest.ini": ("pytest",),
    ".pytest.ini": ("pytest",),
    "pyproject.toml": (),
    "tox.ini": ("pytest",),
    "setup.cfg": ("tool:pytest",),
}
"""In the order in which pytest looks, with the sections that it takes; the first two are its own even when empty."""
