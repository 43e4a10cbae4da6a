"""Lets the site have what lies outside of docs/, so that a link to it works there as it does in the repository.

A Markdown file becomes a page below ``project/``, any other file a file there. A link to what does not exist stays as
it is, and mkdocs reports it. ``design/index.md`` is made here: it lists the notes beside it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent
LINK = re.compile(r"(\]\(|src=\"|href=\")([^)#\s\"]+)")
FENCED = re.compile(r"(^ *```.*?^ *```)", re.MULTILINE | re.DOTALL)
ALWAYS = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
NOTES = "design/index.md"
INTRODUCTION = """# Design notes

Why things are as they are: one decision a note, with what was measured and what was not chosen.

"""


def on_files(files: Files, config: Any) -> Files:
    """Add what pages link to outside of docs/, and what that links to."""
    files.append(File.generated(config, NOTES, content=_notes()))
    pages = [
        Path(file.abs_src_path).relative_to(ROOT).as_posix()
        for file in files
        if file.src_uri.endswith(".md") and file.abs_src_path
    ]
    waiting, seen = [*pages, *ALWAYS], set(pages)
    while waiting:
        source = waiting.pop()
        if source not in seen:
            seen.add(source)
            files.append(File.generated(config, _place(source), abs_src_path=str(ROOT / source)))
        if source.endswith(".md"):
            waiting += [one for one in _targets(source) if one not in seen]
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Lead links out of docs/ to where the site has their files."""
    source = _source(page.file.src_uri)
    if source.startswith("docs/design/"):
        page.meta["search"] = {"boost": 0.2}  # who searches for budgets wants to set one
    parts = FENCED.split(markdown)
    return "".join(part if number % 2 else _led(_unescaped(part), source) for number, part in enumerate(parts))


def _unescaped(text: str) -> str:
    """Text with the bars in its code as they are: in tables GitHub wants them escaped, and the site would show that."""
    return re.sub(r"`[^`\n]*`", lambda code: code[0].replace("\\|", "|"), text)


def _led(text: str, source: str) -> str:
    def one(match: re.Match[str]) -> str:
        target = _resolved(match[2], source)
        if target is None:
            return match[0]
        return match[1] + posixpath.relpath(_place(target), posixpath.dirname(_place(source)) or ".")

    return LINK.sub(one, text)


def _targets(source: str) -> Iterator[str]:
    text = FENCED.sub("", (ROOT / source).read_text("utf-8"))
    for _, link in LINK.findall(text):
        target = _resolved(link, source)
        if target is not None and not target.startswith("docs/"):
            yield target


def _resolved(link: str, source: str) -> str | None:
    """The file of the repository that a link leads to, unless it is an address, a folder or nothing."""
    if re.match(r"\w+:", link):
        return None
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), link))
    if path == "docs/design":
        return f"docs/{NOTES}"
    return path if not path.startswith("..") and (ROOT / path).is_file() else None


def _place(source: str) -> str:
    """Where the site has a file of the repository."""
    return source.removeprefix("docs/") if source.startswith("docs/") else f"project/{source}"


def _source(uri: str) -> str:
    """The file of the repository that is at a place of the site."""
    return uri.removeprefix("project/") if uri.startswith("project/") else f"docs/{uri}"


def _notes() -> str:
    notes = sorted((ROOT / "docs" / "design").glob("0*.md"))
    titles = ((note.name, note.read_text("utf-8").partition("\n")[0].lstrip("# ")) for note in notes)
    return INTRODUCTION + "".join(f"- [{title}]({name})\n" for name, title in titles)
