"""Where cassettes lie."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path, PurePath
from typing import Literal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pytest_llmtrace._store import paths
from pytest_llmtrace._store.observed import observed_file
from pytest_llmtrace._store.vcrpy.places import imported_cassette
from tests.unit.store import PROPERTY

HASH = re.compile(r"(.*)-[0-9a-f]{8}")
odd_text = st.text(
    alphabet=st.one_of(st.sampled_from(list("aAbBtT_.-/\\:[] \0\n")), st.characters()), max_size=30
) | st.sampled_from(["CON", "nul", "com1.x", "..", ".", "", "Test", "TestA", "Testa", "test_a", "x" * 500, "é" * 300])
names = st.one_of(
    odd_text,
    st.builds(lambda parts, param: "::".join(parts) + param, st.lists(odd_text, min_size=1, max_size=3), odd_text),
    st.builds(
        lambda parts, param: f"{'::'.join(parts)}[{param}]", st.lists(odd_text, min_size=1, max_size=3), odd_text
    ),
)


def stem(name: str) -> str:
    """The file name of a test's cassette without its ending."""
    return paths.test_cassette(Path("tests/test_a.py"), name).golden.name.removesuffix(".trace.yaml")


def test_a_plain_test_has_plain_files() -> None:
    """The files of a test lie beside it, in a folder of its module, under its own name."""
    cassette = paths.test_cassette(Path("tests/test_refund.py"), "test_refund")
    folder = Path("tests/cassettes/test_refund")
    assert cassette == paths.Cassette(folder=folder, stem="test_refund")
    assert (cassette.golden, cassette.tape) == (folder / "test_refund.trace.yaml", folder / "test_refund.tape.json")
    assert (cassette.golden_file, cassette.tape_file) == (str(cassette.golden), str(cassette.tape))
    assert cassette.journal == folder / "test_refund.journal.jsonl"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("test_refund", "test_refund"),
        ("TestRefund::test_ok", "TestRefund.test_ok"),
        ("TestRefund::TestLate::test_ok", "TestRefund.TestLate.test_ok"),
        ("TestA::test_same[x-1]", "TestA.test_same-x-1-"),
        ("test_x[a/b:c]", "test_x-a-b-c-"),
        ("TestRefundPolicy::test_ok", "TestRefundPolicy.test_ok-"),
        ("Testa::test_same", "Testa.test_same-"),
        ("test_Ok", "test_Ok-"),
        ("con", "_con-"),
        ("Con::test", "_Con.test-"),
        ("", "unnamed-"),
        ("..", "unnamed-"),
        ("../../etc/passwd", "etc-passwd-"),
        ("test_x[]", "test_x-unnamed-"),
        ("test_ä", "test_-"),
    ],
)
def test_names_are_slugs_with_a_hash_where_they_had_to_change(name: str, expected: str) -> None:
    """A name that changes, or could be mistaken for another, ends in a hash of the original."""
    made = stem(name)
    found = HASH.fullmatch(made)
    assert (f"{found[1]}-" if expected.endswith("-") and found else made) == expected


def test_names_that_differ_in_case_alone_have_different_files() -> None:
    """Two classes that differ in case alone do not share a file on any file system."""
    variants = ["TestA::test_same", "Testa::test_same", "TESTA::test_same", "testa::test_same", "TestA::test_Same"]
    assert len({stem(name).lower() for name in variants}) == len(variants)


@PROPERTY
@given(names)
def test_every_name_gives_a_portable_file_name(name: str) -> None:
    """Any node id gives one short file name of portable characters that no system reserves."""
    for ending in (paths.GOLDEN, paths.TAPE, paths.JOURNAL):
        file_name = stem(name) + ending
        assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", file_name)
        assert len(file_name.encode()) <= 200
        assert not re.fullmatch(r"(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])", file_name.partition(".")[0])
        assert PurePath(file_name).name == file_name


@PROPERTY
@given(names, names)
def test_no_two_names_share_a_file(one: str, other: str) -> None:
    """Different node ids give different files, even where case is ignored."""
    assume(one != other)
    assert stem(one).lower() != stem(other).lower()


@PROPERTY
@given(names, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_no_file_system_changes_a_name(name: str, form: Literal["NFC", "NFD", "NFKC", "NFKD"]) -> None:
    """Whatever a file system does to Unicode (macOS takes it apart), a name comes back as it was written."""
    for one in (stem(name), paths.fixture_cassette(Path(), "session", name, name).golden.name):
        assert unicodedata.normalize(form, one) == one
        assert one.isascii()
        assert not one.startswith(("-", "."))


@PROPERTY
@given(names)
def test_no_name_leads_out_of_its_folder(name: str) -> None:
    """Tests, fixtures, imported cassettes and observed traces lie in the folder that is meant for them, all of them."""
    root = Path("/project")
    test = paths.test_cassette(root / "test_a.py", name).golden
    fixture = paths.fixture_cassette(root, name, name, name).golden
    imported = imported_cassette(root / "cassettes", name).golden
    assert test.parent == root / "cassettes" / "test_a"
    assert fixture.parent == root / "cassettes" / "_fixtures"
    assert imported.parent == root / "cassettes"
    assert observed_file(Path("/seen"), test, root).parent == Path("/seen/cassettes/test_a")


@PROPERTY
@given(odd_text, odd_text)
def test_no_two_modules_share_a_folder(one: str, other: str) -> None:
    """Different test files give different folders, none of them the fixtures' one, none outside of `cassettes`."""
    one, other = (f"{name.replace('/', '').replace(chr(0), '') or 'x'}.py" for name in (one, other))
    folders = [paths.test_cassette(Path("tests") / name, "test_x").golden.parent for name in (one, other)]
    assert {folder.parent for folder in folders} == {Path("tests/cassettes")}
    assert paths.FIXTURES not in {folder.name for folder in folders}
    assert one == other or folders[0].name.lower() != folders[1].name.lower()


@pytest.mark.parametrize(
    ("file_name", "expected"),
    [
        ("test_a.py", "test_a"),
        ("test_a.txt", "test_a-"),
        ("test_a.b.py", "test_a.b-"),
        ("_fixtures.py", "_fixtures-"),
        ("Test_A.py", "Test_A-"),
        ("con.py", "_con-"),
    ],
)
def test_module_folders(file_name: str, expected: str) -> None:
    """A module's folder has its name, with a hash where it is unusual."""
    made = paths.test_cassette(Path(file_name), "test_x").golden.parent.name
    found = HASH.fullmatch(made)
    assert (f"{found[1]}-" if found else made) == expected


def test_fixtures_have_a_folder_of_their_own() -> None:
    """A fixture's cassette is named by its scope and name, below the module's folder where a module defines it."""
    assert paths.fixture_cassette(Path("tests"), "session", "agent").tape == Path(
        "tests/cassettes/_fixtures/session-agent.tape.json"
    )
    assert paths.fixture_cassette(Path("tests"), "module", "agent", folder="test_a.py").tape == Path(
        "tests/cassettes/test_a/_fixtures/module-agent.tape.json"
    )


@PROPERTY
@given(
    st.tuples(st.sampled_from(["module", "session"]), odd_text, st.none() | odd_text),
    st.tuples(st.sampled_from(["module", "session"]), odd_text, st.none() | odd_text),
)
def test_no_two_fixtures_share_a_file(one: tuple[str, str, str | None], other: tuple[str, str, str | None]) -> None:
    """Fixtures that differ in scope, name or parameter give different files, even where case is ignored."""
    assume(one != other)
    made = [paths.fixture_cassette(Path("tests"), *parts).golden for parts in (one, other)]
    assert {path.parent for path in made} == {Path("tests/cassettes/_fixtures")}
    assert str(made[0]).lower() != str(made[1]).lower()


def test_discover_finds_every_cassette_once(tmp_path: Path) -> None:
    """Golden traces and tapes below `cassettes` folders are found, in order; others and hidden folders are not."""
    wanted = [
        paths.test_cassette(tmp_path / "a" / "test_a.py", "test_x"),
        paths.test_cassette(tmp_path / "a" / "test_a.py", "test_y"),
        paths.fixture_cassette(tmp_path / "b", "session", "agent"),
    ]
    for path in (wanted[0].golden, wanted[0].tape, wanted[1].tape, wanted[2].golden):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for name in (
        *("elsewhere/test_z.trace.yaml", ".venv/cassettes/x.trace.yaml", "a/cassettes/test_a/notes.yaml"),
        *("a/cassettes/test_a/test_x.variant-1.trace.yaml", "a/cassettes/test_a/.trace.yaml"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert list(paths.discover(tmp_path)) == wanted
    assert list(paths.discover(tmp_path / "a" / "cassettes")) == wanted[:2]
    assert [(place, sorted(names)) for place, names in paths.discover_files(tmp_path) if names] == [
        (wanted[0].golden.parent, ["test_x.tape.json", "test_x.trace.yaml", "test_y.tape.json"]),
        (wanted[2].golden.parent, [wanted[2].golden.name]),
    ]
