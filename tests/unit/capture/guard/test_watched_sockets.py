"""Sockets that are noticed when they first send."""

import socket

import pytest

from pytest_llmtrace._capture.guard.watched_sockets import watch


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda sock: sock.send(b"x"), b"x"),
        (lambda sock: sock.sendall(b"x"), b"x"),
        (lambda sock: sock.sendmsg([b"x"]), b"x"),
        (lambda sock: sock.makefile("wb", buffering=0).write(b"x"), b"x"),
        (lambda sock: sock.dup().close(), b""),
        (lambda sock: socket.socket(fileno=sock.detach()).close(), b""),
    ],
    ids=["send", "sendall", "sendmsg", "makefile", "dup", "detach"],
)
def test_the_first_thing_sent_is_noticed_once_and_the_socket_is_ordinary_again(act, said):
    """The callback comes before the data goes out, and only once."""
    ours, theirs = socket.socketpair()
    sent = []
    with ours, theirs:
        watch(ours, sent.append)
        act(ours)
        assert sent == [said]
        assert type(ours) is socket.socket


def test_what_is_received_or_closed_is_not_noticed():
    """A probe connects, perhaps listens, and closes."""
    ours, theirs = socket.socketpair()
    sent = []
    with theirs:
        watch(ours, sent.append)
        theirs.sendall(b"hello")
        assert ours.recv(5) == b"hello"
        ours.close()
    assert sent == []


def test_a_socket_of_a_foreign_class_counts_as_sending_at_once():
    """Its methods are not known."""

    class Foreign(socket.socket):
        pass

    sent = []
    with Foreign() as sock:
        watch(sock, sent.append)
        assert (sent, type(sock)) == ([b""], Foreign)
