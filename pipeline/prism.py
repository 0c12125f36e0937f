"""Prism, Beam's local streaming runner: found, built or downloaded, started and ended.

We start it ourselves, in a session of its own, because a Ctrl-C at the terminal goes to every process of the group:
Prism must outlive it until what is in flight is written. It ends with this process, however that dies.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

from transforms.errors import MissingPart

# Asked of the package, not of Beam: commands that only look need not wait for Beam to be imported.
beam_version = version("apache-beam")
MODULE = f"github.com/apache/beam/sdks/v2/go/cmd/prism@v{beam_version}"
REMEDY = (
    "streaming needs Prism: install Go (then it is built by itself), or give --prism PATH or NEWS_PRISM=PATH; "
    "without it, `run --bounded-loop` polls again and again in bounded runs"
)
START_S = 30


def cache_dir() -> Path:
    """Where what we built is kept between clones."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "news-monitor" / f"prism-{beam_version}"


def find(option: str | None = None) -> Path | None:
    """The Prism binary: by option, NEWS_PRISM, our cache, Beam's cache, or PATH. MissingPart if one is named but
    absent."""
    for named, said in ((option, "--prism"), (os.environ.get("NEWS_PRISM"), "NEWS_PRISM")):
        if named:
            path = Path(named).expanduser()
            if not (path.is_file() and os.access(path, os.X_OK)):
                raise MissingPart(f"{said} names {named}, which is not a program; {REMEDY}")
            return path
    ours = cache_dir() / "prism"
    beams = Path("~/.apache_beam/cache/prism/bin").expanduser()
    on_path = shutil.which("prism")
    candidates = [ours, *sorted(beams.glob(f"apache_beam-v{beam_version}-prism-*[!p]"))]
    candidates += [Path(on_path)] if on_path else []
    return next((path for path in candidates if path.is_file() and os.access(path, os.X_OK)), None)


def get(say: Callable[[str], None], option: str | None = None) -> Path:
    """`find`, else build it with Go, else let Beam download it. MissingPart with the remedy if neither works."""
    found = find(option)
    if found is not None:
        return found
    return _build(say) or _download(say) or _missing()


def can_get() -> bool:
    """Whether it can be built here."""
    return shutil.which("go") is not None


def _missing() -> Path:
    raise MissingPart(REMEDY)


def _build(say: Callable[[str], None]) -> Path | None:
    go = shutil.which("go")
    if go is None:
        return None
    target = cache_dir()
    target.mkdir(parents=True, exist_ok=True)
    # Into a folder of its own first: two starts at once must not run a half-written program.
    part = target / f"build-{os.getpid()}"
    began = time.monotonic()
    with (target / "build.log").open("wb") as log:
        build = subprocess.Popen(  # noqa: S603
            [go, "install", MODULE], env={**os.environ, "GOBIN": str(part)}, stdout=log, stderr=subprocess.STDOUT
        )
        while build.poll() is None:
            say(f"building Prism {beam_version} with Go, once: {time.monotonic() - began:.0f} s (about 2 minutes)")
            time.sleep(1)
    try:
        if build.returncode != 0 or not (part / "prism").is_file():
            say(f"Prism could not be built; {target / 'build.log'} tells why")
            return None
        (part / "prism").replace(target / "prism")
        return target / "prism"
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _download(say: Callable[[str], None]) -> Path | None:
    from apache_beam.options.pipeline_options import PipelineOptions
    from apache_beam.runners.portability.prism_runner import PrismJobServer

    say(f"downloading Prism {beam_version}")
    server = PrismJobServer(PipelineOptions([]))
    try:
        return Path(server._get_executable_path())
    except Exception as error:
        say(f"Prism could not be downloaded: {type(error).__name__}")
        return None


def _die_with_parent() -> None:
    """Linux: have the kernel end Prism when this process is gone, even by kill -9."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(binary: Path, log: Path) -> Iterator[str]:
    """A running Prism's job endpoint; it is ended on exit. Its own words go to `log`."""
    port = _free_port()
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [str(binary), f"--job_port={port}", "--serve_http=false", "--log_level=warn", "--log_kind=json"]
    with log.open("ab") as out:
        process = subprocess.Popen(  # noqa: S603
            command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - one thread at this point
        )  # fmt: skip
    try:
        _wait(process, port, log)
        yield f"localhost:{port}"
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise MissingPart(f"Prism ended at once (code {process.returncode}); {log} tells why")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise MissingPart(f"Prism did not listen within {START_S} s; {log} tells why")


if __name__ == "__main__":
    # `python -m pipeline.prism` gets Prism ahead of the first stream.
    from pipeline.progress import Progress

    try:
        with Progress() as progress:
            get(progress.say)
    except MissingPart as error:
        sys.exit(str(error))
