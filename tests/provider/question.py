"""What a request asks, in one shape whatever API it came through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message, reduced to who said what."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request, as rules match it and answers are made for it."""

    number: int
    """The how-manieth request this provider got, from 1."""
    path: str
    """Without the query."""
    api: str = ""
    """Which API it is for, by its name in `tests.provider.routes`; empty where it is for none."""
    said: tuple[Said, ...] = ()
    body: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    """The model asked for; empty where the request names none."""
    stream: bool = False
    """Whether the answer is wanted in pieces."""

    @property
    def system(self) -> str:
        """The system or developer messages, joined with line feeds."""
        return "\n".join(one.text for one in self.said if one.role == "system")

    @property
    def user(self) -> str:
        """The last thing that the user said."""
        return next((one.text for one in reversed(self.said) if one.role == "user"), "")

    @property
    def tool_results(self) -> tuple[str, ...]:
        """The tool results since the user last spoke."""
        return tuple(reversed([one.text for one in self._since_user() if one.role == "tool"]))

    @property
    def input_words(self) -> int:
        """The length of everything said, in words: this provider's tokens."""
        return sum(len(one.text.split()) for one in self.said)

    def _since_user(self) -> Iterator[Said]:
        for one in reversed(self.said):
            if one.role == "user":
                return
            yield one


def text_of(content: object) -> str:
    """The text of message content: a string, or the text parts of a list, joined with line feeds."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = (part if isinstance(part, str) else part.get("text") for part in content)
        return "\n".join(part for part in parts if isinstance(part, str))
    return ""


def role_of(name: object) -> Role:
    """The role of a message; what is called developer elsewhere is the system here."""
    match name:
        case "system" | "developer":
            return "system"
        case "assistant":
            return "assistant"
        case "tool" | "function":
            return "tool"
        case _:
            return "user"
