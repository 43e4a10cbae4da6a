"""Content encodings are undone before anything is kept."""

import gzip
import zlib

import pytest

from pytest_llmtrace._model.content import decoded, unpacked_size

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


class Brotli:
    """A decoder that makes a hundred bytes of each: `brotli` is not installed everywhere."""

    error = ValueError

    class Decompressor:
        """One stream."""

        def __init__(self):
            self.fed = 0

        def process(self, piece):
            """What a piece unpacks to."""
            self.fed += len(piece)
            return piece * 100

        def is_finished(self):
            """Whether the stream came to its end."""
            return self.fed >= len(TEXT)


def test_brotli_is_unpacked_piece_by_piece(monkeypatch):
    """A bomb is noticed after a piece of it; a stream without an end is kept as it came."""
    made = []
    monkeypatch.setattr(Brotli, "Decompressor", lambda: made.append(BROTLI()) or made[-1])
    monkeypatch.setattr("pytest_llmtrace._model.content._optional", lambda name: Brotli if name == "brotli" else None)
    assert len(decoded(TEXT, "br")) == 100 * len(TEXT)
    assert decoded(TEXT[:50], "br") == TEXT[:50]
    monkeypatch.setattr("pytest_llmtrace._model.content.MOST_DECODED", 5000)
    assert decoded(TEXT, "br") == TEXT
    assert unpacked_size(TEXT, "br") is None
    assert made[-1].fed < 100


BROTLI = Brotli.Decompressor


def test_the_unpacked_size_of_a_body(monkeypatch):
    """It is that of what the client reads; beyond the bound nobody knows it."""
    assert unpacked_size(gzip.compress(TEXT), "gzip") == len(TEXT)
    assert unpacked_size(TEXT, "gzip") == len(TEXT)
    monkeypatch.setattr("pytest_llmtrace._model.content.MOST_DECODED", len(TEXT) - 1)
    assert unpacked_size(gzip.compress(gzip.compress(TEXT)), "gzip, gzip") is None
