"""The folder of plugins that must not be installed beside this suite."""

import subprocess
import sys

from tests.neighbours.__main__ import main

ASKED = "tests.neighbours.__main__.subprocess.run"


def answering(installs):
    """A pip that says which packages are missing, and notes what it is asked to install."""
    asked = []

    def run(command, **_options):
        asked.append(command[command.index("install") + 1 :])
        report = '{"install": [{"metadata": {"name": "syrupy", "version": "7.0"}}]}' if "--dry-run" in command else ""
        if not report and installs:
            (installs / "syrupy").mkdir(parents=True)
        return subprocess.CompletedProcess(command, 0, stdout=report)

    return asked, run


def test_it_is_made_once_and_anew_when_the_list_or_python_changes(tmp_path, monkeypatch):
    """Only what this environment does not have is put into it; what an older list asked for is gone."""
    folder = tmp_path / "neighbours"
    asked, run = answering(folder)
    monkeypatch.setattr(ASKED, run)
    main(folder)
    assert [one[-1] for one in asked][1:] == ["syrupy==7.0"]
    assert asked[1][-4:] == ["--no-deps", "--target", str(folder), "syrupy==7.0"]
    main(folder)
    assert len(asked) == 2
    (folder / "gone").touch()
    monkeypatch.setattr(sys, "version", "another Python")
    main(folder)
    assert (len(asked), [path.name for path in sorted(folder.iterdir())]) == (4, ["requirements.txt", "syrupy"])
