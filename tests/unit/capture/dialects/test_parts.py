"""Images, audio and files in every spelling."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.capture.dialects.dialect_wire import CHAT, MESSAGES, RESPONSES, sent

DIGEST = "a75c0b0d97360c1ba783496eb6a0395a"
"""Of the bytes 0, 1, 2: ``AAEC`` in base64."""

PNG = {"type": "image", "media_type": "image/png", "digest": DIGEST, "bytes": 3}
PDF = {"type": "file", "media_type": "application/pdf", "digest": DIGEST, "bytes": 3}


def part(url: str, raw: dict[str, Any]) -> Any:
    """The normal form of one part of a user message."""
    message = {"role": "user", "content": [raw]}
    body = {"model": "m", "input": [message]} if url == RESPONSES else {"model": "m", "messages": [message]}
    (made,) = sent(url, body)[0]["content"]
    return made


@pytest.mark.parametrize(
    ("url", "raw"),
    [
        (CHAT, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAEC", "detail": "auto"}}),
        (CHAT, {"type": "image_url", "image_url": "data:image/png;base64,AAEC"}),
        (RESPONSES, {"type": "input_image", "image_url": "data:image/png;base64,AAEC"}),
        (MESSAGES, {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAEC"}}),
        (CHAT, {"type": "image", "data": "AAEC", "mimeType": "image/png"}),
    ],
)
def test_an_image_is_its_digest_and_size(url: str, raw: dict[str, Any]) -> None:
    """The same picture in four APIs is the same part."""
    assert part(url, raw) == PNG


@pytest.mark.parametrize(
    ("url", "raw", "expected"),
    [
        (CHAT, {"type": "image_url", "image_url": {"url": "https://u/x.png", "detail": "low"}}, {"detail": "low"}),
        (RESPONSES, {"type": "input_image", "image_url": "https://u/x.png"}, {}),
        (MESSAGES, {"type": "image", "source": {"type": "url", "url": "https://u/x.png"}}, {}),
    ],
)
def test_an_image_elsewhere_is_its_address(url: str, raw: dict[str, Any], expected: dict[str, Any]) -> None:
    """A detail other than the default is kept."""
    assert part(url, raw) == {"type": "image", "url": "https://u/x.png", **expected}


@pytest.mark.parametrize(
    ("url", "raw", "name"),
    [
        (
            CHAT,
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,AAEC", "filename": "a.pdf"}},
            "a.pdf",
        ),
        (RESPONSES, {"type": "input_file", "file_data": "data:application/pdf;base64,AAEC"}, None),
        (
            MESSAGES,
            {
                "type": "document",
                "title": "a.pdf",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "AAEC"},
            },
            "a.pdf",
        ),
        (CHAT, {"type": "document_url", "document_url": "data:application/pdf;base64,AAEC"}, None),
    ],
)
def test_a_file_is_its_digest_size_and_name(url: str, raw: dict[str, Any], name: str | None) -> None:
    """Documents are files."""
    assert part(url, raw) == (PDF | {"filename": name} if name else PDF)


@pytest.mark.parametrize(
    ("url", "raw", "expected"),
    [
        (RESPONSES, {"type": "input_file", "file_id": "file-1"}, {"type": "file", "file_id": "file-1"}),
        (RESPONSES, {"type": "input_image", "file_id": "file-1"}, {"type": "image", "file_id": "file-1"}),
        (
            MESSAGES,
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "hello"}},
            {"type": "file", "media_type": "text/plain", "text": "hello"},
        ),
        (
            MESSAGES,
            {"type": "document", "source": {"type": "file", "file_id": "file-1"}},
            {"type": "file", "file_id": "file-1"},
        ),
        (
            CHAT,
            {"type": "input_audio", "input_audio": {"data": "AAEC", "format": "wav"}},
            {"type": "audio", "media_type": "audio/wav", "digest": DIGEST, "bytes": 3},
        ),
        (CHAT, {"type": "video_url", "video_url": {"url": "https://u/v"}}, {"type": "video", "url": "https://u/v"}),
        (
            MESSAGES,
            {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "x"}]},
            {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "x"}]},
        ),
        (
            CHAT,
            {"type": "unheard_of", "inner": {"type": "base64", "media_type": "image/png", "data": "AAEC"}},
            {"type": "unheard_of", "inner": PNG},
        ),
    ],
)
def test_other_parts_are_kept_as_data(url: str, raw: dict[str, Any], expected: dict[str, Any]) -> None:
    """References, texts in files, sound, video, and parts that nobody has heard of yet."""
    assert part(url, raw) == expected


def test_spellings_of_base64_do_not_matter() -> None:
    """The digest is that of the bytes: padding, alphabet and line breaks are not content."""
    spellings = ["+/8=", "-_8=", "-_8", "+/\n8="]
    parts = [part(CHAT, {"type": "input_audio", "input_audio": {"data": data}}) for data in spellings]

    assert all(one == parts[0] for one in parts)
    assert parts[0]["bytes"] == 2


def test_data_that_is_no_base64_is_measured_as_it_is() -> None:
    """A broken upload is still the same upload next time."""
    raw = {"type": "input_audio", "input_audio": {"data": "not base64 é"}}

    assert part(CHAT, raw) == part(CHAT, raw)
    assert part(CHAT, raw)["bytes"] == len("not base64 é".encode())


def test_base64_in_places_that_no_reader_knows_is_reduced_too() -> None:
    """Short values under the same names are left alone."""
    data = "QUJD" * 100
    part = {"type": "novel", "payload": {"b64_json": data, "data": "plain text"}}

    (message,) = sent(CHAT, {"model": "m", "messages": [{"role": "user", "content": [part]}]})

    assert message["content"][0]["payload"]["data"] == "plain text"
    assert message["content"][0]["payload"]["b64_json"]["bytes"] == 300


def test_spoken_output_of_the_responses_api_is_kept_by_digest() -> None:
    """With what was said."""
    said_aloud = {"type": "output_audio", "data": "AAEC", "transcript": "Hi."}

    (message,) = sent(CHAT, {"model": "m", "messages": [{"role": "assistant", "content": [said_aloud]}]})

    assert message["content"] == [
        {"type": "audio", "digest": "a75c0b0d97360c1ba783496eb6a0395a", "bytes": 3, "transcript": "Hi."}
    ]
