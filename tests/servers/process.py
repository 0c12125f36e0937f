"""A server as a process of its own: started, stopped, killed, paused, and started again with the same port and data."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from transforms.errors import MissingPart

UP_S, DOWN_S = 90.0, 30.0
HOST = "127.0.0.1"
# log4j.properties for those that read log4j 1: warnings to the process's own output.
LOG4J_1 = """\
log4j.rootLogger=WARN, stdout
log4j.appender.stdout=org.apache.log4j.ConsoleAppender
log4j.appender.stdout.layout=org.apache.log4j.PatternLayout
log4j.appender.stdout.layout.ConversionPattern=[%d] %p %m (%c)%n
"""


def in_memory() -> str | None:
    """A file system in memory where there is one with room: a server of a test outlives its processes, but no power
    failure, and waits for no disk. None: the usual place."""
    shared = Path("/dev/shm")
    try:
        free = shutil.disk_usage(shared).free
    except OSError:
        return None
    return str(shared) if free > 4 * 2**30 and os.access(shared, os.W_OK) else None


class Process:
    """One server. Its data, config and log are in `folder`.

    `tied`: it ends with the process (and thread) that started it, however that dies. A folder that is not given is made
    and removed again by `close`.
    """

    name = "server"

    def __init__(self, port: int | None = None, folder: Path | None = None, tied: bool = True) -> None:
        self.port = port or free_port()
        self._own = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix=f"news-{self.name}-", dir=in_memory()))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)
        self.tied = tied
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What it said."""
        return self.folder / "server.log"

    @property
    def pid(self) -> int:
        """The leader of its process group."""
        assert self.process is not None, f"{self.name} was not started"
        return self.process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs, or is paused."""
        return self.process is not None and self.process.poll() is None

    def command(self) -> list[str]:
        """What to run; makes what that needs."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether it does what it is for."""
        raise NotImplementedError

    def user(self) -> tuple[int, int] | None:
        """User and group, where they are not ours."""
        return None

    def environment(self) -> Mapping[str, str]:
        """More of the environment."""
        return {}

    def launch(self) -> None:
        """Begin it, without waiting."""
        assert not self.alive, f"{self.name} runs already"
        command, user = self.command(), self.user()
        as_user = {"user": user[0], "group": user[1], "extra_groups": []} if user else {}
        # In a session of its own: a Ctrl-C at the terminal is not for it, and signals of ours go to the whole group.
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env={**os.environ, **self.environment()}, stdin=subprocess.DEVNULL,
                stdout=out, stderr=out, start_new_session=True,
                preexec_fn=die_with_parent if self.tied else None,  # noqa: PLW1509 - one call
                **as_user,
            )  # fmt: skip

    def await_answer(self, timeout: float = UP_S) -> None:
        """Until it answers. Raises MissingPart with its last words where it ends or takes too long."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            if not self.alive:
                raise MissingPart(f"{self.name} ended at once; {self.log}:\n{self.last_words()}")
            with contextlib.suppress(OSError):
                if self.answers():
                    return
            time.sleep(0.1)
        raise MissingPart(f"{self.name} did not answer within {timeout:g} s; {self.log}:\n{self.last_words()}")

    def start(self) -> None:
        """Begin it and wait until it answers."""
        self.launch()
        try:
            self.await_answer()
        except BaseException:
            self.kill9()
            raise

    def restart(self) -> None:
        """Begin it again, with the same port and data, and wait until it answers."""
        self.stop()
        self.start()

    def signal(self, number: int) -> None:
        """To all of its processes."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def kill9(self) -> None:
        """End it as a power cut would."""
        self.signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait(DOWN_S)
        await_closed(self.port)

    def pause(self) -> None:
        """It stands still, with all connections open."""
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """It goes on."""
        self.signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it in order; at the latest after some seconds."""
        self.resume()
        self.signal(signal.SIGTERM)
        if self.process is not None:
            try:
                self.process.wait(DOWN_S)
            except subprocess.TimeoutExpired:
                self.kill9()

    def close(self) -> None:
        """End it, and remove its folder if that was made for it."""
        if self._own:
            self.resume()
            self.kill9()
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            self.stop()

    def last_words(self) -> str:
        """The end of its log."""
        with contextlib.suppress(OSError):
            return self.log.read_text("utf-8", "replace")[-2000:]
        return ""


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether nobody listens on it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def await_closed(port: int) -> None:
    """Until nobody listens: a group that was killed may take a moment to be gone."""
    until = time.monotonic() + DOWN_S
    while not is_free(port) and time.monotonic() < until:
        time.sleep(0.02)


_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent() -> None:
    """Linux: have the kernel end it when the thread that started it is gone, even by kill -9."""
    if _libc is not None:
        _libc.prctl(1, signal.SIGKILL)
