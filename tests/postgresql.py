"""A PostgreSQL server of this machine for the tests of one session: on loopback, with a password, to be killed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PASSWORD = "pg-Passw0rd/of:the@tests"  # what must be quoted in a URL is in it
QUOTED = "pg-Passw0rd%2Fof%3Athe%40tests"
USER = "llmtrace"
_SETTINGS = {
    "fsync": "off",  # what a killed server has written is in the page cache of the machine, which goes on
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "max_connections": "40",
    "shared_buffers": "16MB",
    "autovacuum": "off",
}


def programs() -> Path | None:
    """The folder of PostgreSQL's programs: on the PATH, or where Debian puts them; `None`: there are none."""
    found = shutil.which("initdb")
    candidates = [Path(found).resolve().parent] if found else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((one for one in candidates if (one / "initdb").exists() and (one / "postgres").exists()), None)


def who() -> str | None:
    """The user who runs the server: `initdb` refuses root."""
    if os.name != "posix" or os.getuid() != 0:
        return None
    import pwd

    names = {one.pw_name for one in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), None)


@dataclass
class Server:
    """The server."""

    bin: Path
    folder: Path
    port: int
    user: str | None
    databases: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @classmethod
    def started(cls, bin_: Path) -> Server:
        folder = Path(tempfile.mkdtemp(prefix="llmtrace-pg-"))  # short, for the socket, and reachable for its user
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = cls(bin=bin_, folder=folder, port=port, user=who())
        word = folder / "password"
        word.write_text(PASSWORD, encoding="utf-8")
        if server.user:
            shutil.chown(folder, server.user)
            shutil.chown(word, server.user)
        subprocess.run(
            [
                *(bin_ / "initdb", "--pgdata", folder / "data", "--username", USER, "--encoding", "UTF8"),
                *("--locale", "C", "--auth", "scram-sha-256", "--pwfile", word, "--no-sync", "--no-instructions"),
            ],
            check=True,
            capture_output=True,
            cwd=folder,
            user=server.user,
        )
        server.start()
        return server

    def start(self) -> None:
        """Start it, and wait until it answers; one that was killed before is buried first."""
        if self.process is not None:
            self.process.wait()
        options = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.bin / "postgres", "-D", self.folder / "data", "-p", str(self.port), "-k", self.folder, *options],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                user=self.user,
                start_new_session=True,
            )
        self._until_ready()

    def _until_ready(self) -> None:
        import psycopg

        for _ in range(600):
            try:
                psycopg.connect(self.conninfo("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError as error:
                assert self.process is not None
                assert self.process.poll() is None, (self.folder / "log").read_text("utf-8")
                last = error
                time.sleep(0.02)  # there is nothing to wait on: it says that it is ready to whoever asks
            else:
                return
        raise AssertionError(last)

    def kill(self) -> None:
        """SIGKILL for the server and all its processes, which are a group of their own."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def conninfo(self, name: str) -> str:
        return f"postgresql://{USER}:{QUOTED}@127.0.0.1:{self.port}/{name}"

    def new_database(self) -> str:
        """The URL of an empty database."""
        import psycopg

        self.databases += 1
        name = f"history_{self.databases}"
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.conninfo(name)


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    """What a query of the tests gives, past the code that is tested."""
    import psycopg

    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()
