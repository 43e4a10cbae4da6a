"""``python -m tests.provider``: serve until interrupted."""

from __future__ import annotations

import argparse
import contextlib
import signal
import threading

from tests.provider.provider import Provider


def main() -> None:
    """Start the provider, print its URL on one line, and serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m tests.provider", description="A scripted local LLM provider.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any that is free)")
    parser.add_argument("--script", metavar="FILE", help="rules in YAML or JSON (default: echo)")
    parser.add_argument("--random-ids", action="store_true", help="random ids and real times in the answers")
    parser.add_argument("--gzip", action="store_true", help="compress answers for clients that accept it")
    options = parser.parse_args()
    started = Provider(options.script, random_ids=options.random_ids, gzip=options.gzip, port=options.port)
    with started as provider, contextlib.suppress(KeyboardInterrupt):
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # before anybody knows the URL
        print(provider.url, flush=True)  # noqa: T201 -- the interface of this command
        threading.Event().wait()


if __name__ == "__main__":
    main()
