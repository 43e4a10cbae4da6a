"""Message content in every spelling that JSON chat APIs have for it, as text, parts, reasoning and annotations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_llmtrace._capture.dialects.lenient import first, listed, mapping, mappings, text
from pytest_llmtrace._capture.dialects.media import binary, kind_of, linked, plain


@dataclass(slots=True, kw_only=True)
class Content:
    """What a message holds, collected part by part."""

    parts: list[dict[str, Any]] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    refusal: list[str] = field(default_factory=list)
    annotations: list[Any] = field(default_factory=list)

    def fields(self) -> dict[str, Any]:
        """As fields of a message."""
        return {
            "content": self.parts,
            "reasoning": joined(self.reasoning) or None,
            "refusal": "".join(self.refusal) or None,
            "annotations": self.annotations,
        }

    def add_text(self, value: str) -> None:
        """More text; an empty one leaves no trace."""
        if value:
            self.parts.append({"type": "text", "text": value})


def content(value: object) -> Content:
    """The content of a message: text, one part, or a list of parts and texts."""
    made = Content()
    for one in value if isinstance(value, list) else [value]:
        add_part(made, one)
    return made


def add_part(made: Content, raw: object) -> None:
    """Add one part in whatever spelling it comes."""
    if isinstance(raw, str):
        made.add_text(raw)
    if not isinstance(raw, dict):
        return
    kind = text(raw.get("type"))
    if kind in _TEXTS or (not kind and isinstance(raw.get("text"), str)):
        made.add_text(text(raw.get("text")))
        made.annotations.extend(plain(one) for one in (listed(raw.get("annotations")) or listed(raw.get("citations"))))
    elif kind in ("thinking", "reasoning_text", "summary_text"):
        made.reasoning.append(_thought(first(raw, "thinking", "text")))
    elif kind == "refusal":
        made.refusal.append(text(raw.get("refusal")))
    elif kind != "redacted_thinking":
        made.parts.append(_MEDIA[kind](raw) if kind in _MEDIA else plain(raw))


def joined(thoughts: list[str]) -> str:
    """Reasoning that came in several blocks, as one text."""
    return "\n\n".join(thought for thought in thoughts if thought)


def _thought(value: object) -> str:
    """The text of a thinking part: Mistral nests a list of text parts where Anthropic has a string."""
    if isinstance(value, list):
        return "".join(text(part.get("text")) for part in mappings(value))
    return text(value)


def _image(raw: Mapping[str, Any]) -> dict[str, Any]:
    address = raw.get("image_url")
    nested = mapping(address)
    detail = first(nested, "detail") or raw.get("detail")
    detail = None if detail == "auto" else detail
    url = text(nested.get("url")) or text(address)
    if not url:
        return {"type": "image", **_reference(raw), **({"detail": detail} if detail else {})}
    return linked("image", url, detail=detail)


def _audio(raw: Mapping[str, Any]) -> dict[str, Any]:
    audio = mapping(raw.get("input_audio")) or raw
    kind = text(audio.get("format"))
    return binary("audio", text(audio.get("data")), f"audio/{kind}" if kind else None)


def _spoken(raw: Mapping[str, Any]) -> dict[str, Any]:
    return binary("audio", text(raw.get("data")), transcript=raw.get("transcript"))


def _file(raw: Mapping[str, Any]) -> dict[str, Any]:
    file = mapping(raw.get("file")) or raw
    name = text(file.get("filename"))
    data = text(file.get("file_data"))
    if data.startswith("data:"):
        return linked("file", data, filename=name)
    if data:
        return binary("file", data, filename=name)
    if url := text(file.get("file_url")):
        return linked("file", url, filename=name)
    return {"type": "file", **_reference(file), **({"filename": name} if name else {})}


def _video(raw: Mapping[str, Any]) -> dict[str, Any]:
    address = raw.get("video_url")
    return linked("video", text(mapping(address).get("url")) or text(address))


def _document_url(raw: Mapping[str, Any]) -> dict[str, Any]:
    address = raw.get("document_url")
    return linked("file", text(mapping(address).get("url")) or text(address), filename=raw.get("document_name"))


def _sourced(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Anthropic's images and documents: a source with a type of its own."""
    kind = "image" if raw.get("type") == "image" else "file"
    source = mapping(raw.get("source"))
    media_type = text(source.get("media_type"))
    about = {"filename": raw.get("title"), "context": raw.get("context")}
    if source.get("type") == "base64":
        return binary(kind, text(source.get("data")), media_type, **about)
    if source.get("type") == "url":
        return linked(kind, text(source.get("url")), **about)
    if not source:
        return dict(plain(raw))
    others = {key: plain(value) for key, value in source.items() if key not in ("type", "media_type", "data")}
    if isinstance(source.get("data"), str):
        others["text"] = source["data"]
    about = {key: value for key, value in about.items() if value}
    return {"type": kind, **({"media_type": media_type} if media_type else {}), **others, **about}


def _reference(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {"file_id": raw["file_id"]} if isinstance(raw.get("file_id"), str) else {}


def _inline(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Any other part that carries its data in place (an MCP tool's image, for one)."""
    media_type = text(first(raw, "mimeType", "mime_type", "media_type"))
    if isinstance(raw.get("data"), str):
        return binary(kind_of(media_type, text(raw.get("type"))), raw["data"], media_type)
    return dict(plain(raw))


def _image_or_sourced(raw: Mapping[str, Any]) -> dict[str, Any]:
    return _inline(raw) if isinstance(raw.get("data"), str) else _sourced(raw)


_TEXTS: Final = frozenset({"text", "input_text", "output_text"})

_MEDIA: Final[Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
    "image_url": _image,
    "input_image": _image,
    "input_audio": _audio,
    "output_audio": _spoken,
    "file": _file,
    "input_file": _file,
    "video_url": _video,
    "document_url": _document_url,
    "image": _image_or_sourced,
    "document": _sourced,
    "audio": _inline,
}
