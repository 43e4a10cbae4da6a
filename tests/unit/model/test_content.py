"""Content encodings are undone before anything is kept."""

import gzip
import zlib

import pytest

from pytest_llmtrace._model.content import decoded

TEXT = b'{"a": "' + b"x" * 500 + b'"}'


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(TEXT)),
        ("GZIP", gzip.compress(TEXT)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", zlib.compress(TEXT)[2:-4]),
        ("deflate, gzip", gzip.compress(zlib.compress(TEXT))),
        ("", TEXT),
        ("identity", TEXT),
    ],
    ids=range(7),  # of the bytes, which hold the time, two workers would make different ones
)
def test_known_encodings_are_undone(encoding, body):
    """What the provider compressed is kept as what the application reads."""
    assert decoded(body, encoding) == TEXT


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "unknown"])
def test_a_body_that_is_not_encoded_after_all_is_kept(encoding):
    """Some stubs hand over the decoded body with the old header; some servers lie."""
    assert decoded(TEXT, encoding) == TEXT


def test_a_truncated_body_is_kept_as_it_came():
    """Half a gzip stream is no reason to lose what came."""
    half = gzip.compress(TEXT)[:20]
    assert decoded(half, "gzip") == half


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)], ids=["gzip", "deflate"]
)
def test_a_bomb_is_left_as_it_came(encoding, pack, monkeypatch):
    """What would fill the memory is not decoded."""
    monkeypatch.setattr("pytest_llmtrace._model.content.MOST_DECODED", len(TEXT) - 1)
    assert decoded(pack(TEXT), encoding) == pack(TEXT)
