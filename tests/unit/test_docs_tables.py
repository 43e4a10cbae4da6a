"""Pages of the documentation that are drawn from something else."""

import json
import re

import pytest

from benchmarks import noticing
from benchmarks.arms import OURS, PEERS
from docs import generate_cli, generate_reference
from docs.generate_sdks import PAGE, Claim, claims, page
from docs.make_screenshots import EDITS, IMAGES, PICTURES, ROOT


def test_the_table_of_sdks_is_up_to_date():
    """The page is what the end-to-end projects and pyproject.toml say now (``make docs-tables`` draws it again)."""
    assert PAGE.read_text("utf-8") == page()


def test_the_reference_of_the_command_line_is_up_to_date():
    """The page is what the commands say of themselves now (``make docs-tables`` draws it again)."""
    assert generate_cli.PAGE.read_text("utf-8") == generate_cli.page()


def test_the_comparison_is_drawn_from_what_was_seen():
    """The page has the rows of the last ``make docs-comparison``, and no other word about a peer."""
    found = json.loads(noticing.SEEN.read_text("utf-8"))
    assert noticing.PAGE.read_text("utf-8") == noticing.page(found)
    ours = found["arms"][0]["seen"]
    assert [ours[change] for change in noticing.CHANGES] == ["fails"] * len(noticing.CHANGES)
    assert [arm["version"] for arm in found["arms"]] == [noticing.version(arm) for arm in (OURS, *PEERS)]


@pytest.mark.parametrize("name", ["pytest.md", "api.md"])
def test_the_reference_of_the_plugin_is_up_to_date(name):
    """The pages are what the code declares and says of itself now (``make docs-tables`` draws them again)."""
    assert (generate_reference.REFERENCE / name).read_text("utf-8") == generate_reference.pages()[name]


def test_every_option_ini_value_and_marker_argument_is_in_the_reference(pytestconfig):
    """What pytest itself knows of the plugin, told by pytest, is on the page."""
    page = generate_reference.pages()["pytest.md"]
    help_text = pytestconfig.getini("markers")
    ours = [one for one in help_text if one.startswith("llm_")]
    arguments = {word for one in ours for word in re.findall(r"\w+", one.partition("(*, ")[2].partition(")")[0])}
    assert {"policy", "min_calls", "usd"} < arguments
    assert [name for name in sorted(arguments) if f"| `{name}` |" not in page] == []
    options = [one for one in vars(pytestconfig.option) if one.startswith("llmtrace_")]
    assert page.count("\n| `--llm") == len(options)


def test_claims_are_read_from_tests_and_classes(tmp_path):
    """A class shows each way in a test of its own, a function shows all its ways itself."""
    project = tmp_path / "project.py"
    project.write_text(
        '@pytest.mark.sdk("a", "sync", "async streamed")\nclass TestA:\n    pass\n\n\n'
        '@pytest.mark.asyncio\n@pytest.mark.sdk("b c", "async", "tools")\nasync def test_b():\n    pass\n'
    )
    made = claims(project)
    assert made == [
        Claim(owner="TestA", is_class=True, sdk="a", ways=("sync", "async streamed")),
        Claim(owner="test_b", is_class=False, sdk="b c", ways=("async", "tools")),
    ]
    assert [[*claim.tests()] for claim in made] == [["TestA::test_sync", "TestA::test_async_streamed"], ["test_b"]]


def test_a_way_that_is_none_is_an_error(tmp_path):
    """A misspelt way would be missing in the table without a word."""
    project = tmp_path / "project.py"
    project.write_text('@pytest.mark.sdk("a", "stream")\ndef test_a():\n    pass\n')
    with pytest.raises(ValueError, match=r"project\.py, line 1: 'stream' is none of sync, async"):
        claims(project)


def test_pictures_of_the_html_report_can_be_taken_again():
    """Every picture is there and small, and what is edited in the examples is still in them (``make docs-images``)."""
    sizes = {path.name: path.stat().st_size for path in IMAGES.glob("report-*.png")}
    assert sorted(sizes) == sorted(f"report-{picture.name}.png" for picture in PICTURES)
    assert max(sizes.values()) < 200_000
    assert [name for name, old, _ in EDITS if old not in (ROOT / "examples" / name).read_text("utf-8")] == []
