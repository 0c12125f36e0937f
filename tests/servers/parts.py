"""Getting the servers: by Maven into a cache outside the clone, and a Java that runs them.

An empty cache is filled; two at once do not break each other: each builds in a folder of its own and renames it.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from transforms.errors import MissingPart

POM = Path(__file__).with_name("pom.xml")
KAFKA, ELASTIC, JOB_SERVER = "kafka", "elasticsearch", "beam-job-server"
KAFKA_JAVA, ELASTIC_JAVA, FLINK_JAVA = 17, 21, 17
# The only complete set of Flink's jars to be had as a package: what PyFlink's wheel is made of.
FLINK = "apache-flink-libraries==1.19.3"
FLINK_JARS = ("flink-dist-", "log4j-")
FETCH_S = 900


def cache() -> Path:
    """Where what was got is kept between clones; another pom has another folder."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    version = hashlib.sha256(POM.read_bytes()).hexdigest()[:12]
    return Path(base).expanduser() / "news-monitor" / f"servers-{version}"


def fetched(part: str, say: Callable[[str], None]) -> Path:
    """The folder with the files of a part, a profile of the pom. MissingPart where Maven is not there or fails."""
    target = cache() / part
    if target.is_dir():
        return target
    maven = shutil.which("mvn")
    if maven is None:
        raise MissingPart(f"getting {part} needs Maven: install it (`apt install maven`, `brew install maven`)")
    say(f"getting {part} with Maven, once")
    goal = [maven, "-q", "-B", "-C", "-f", str(POM), "-P", part, "dependency:copy-dependencies"]
    return _got(target, "Maven", part, lambda to: [*goal, f"-DoutputDirectory={to}"], lambda to: any(to.iterdir()))


def flink(say: Callable[[str], None]) -> Path:
    """The folder with the jars of a Flink cluster, from PyPI. MissingPart where pip cannot get them."""
    target = cache() / FLINK.replace("==", "-")
    if target.is_dir():
        return target
    say(f"getting {FLINK} with pip, once")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
               "--no-binary", ":all:", "--dest", "archives", FLINK]  # fmt: skip
    return _got(target, "pip", FLINK, lambda _: command, _jars)


def _got(target: Path, by: str, what: str, command: Callable[[Path], list[str]], take: Callable[[Path], bool]) -> Path:
    """`target`, whole or not at all. `command` fills a folder beside it, which is its working directory, and `take`
    readies what came there: False where nothing did. MissingPart where either fails."""
    build = target.with_name(f"{target.name}-{uuid.uuid4().hex[:8]}")
    build.mkdir(parents=True)
    try:
        done = subprocess.run(command(build), capture_output=True, text=True, timeout=FETCH_S, check=False, cwd=build)
        if done.returncode != 0 or not take(build):
            raise MissingPart(f"{by} could not get {what}:\n{(done.stdout + done.stderr)[-2000:]}")
        _into_place(build, target)
    except subprocess.TimeoutExpired:
        raise MissingPart(f"{by} did not get {what} within {FETCH_S} s") from None
    finally:
        shutil.rmtree(build, ignore_errors=True)
    return target


def _jars(build: Path) -> bool:
    """Leave of the archive that was got the jars of its lib/ that a cluster needs; False where there is no archive."""
    archive = next((build / "archives").glob("*.tar.gz"), None)
    if archive is None:
        return False
    with tarfile.open(archive) as file:
        for item in file:
            name = Path(item.name)
            if item.isfile() and name.parent.name == "lib" and name.name.startswith(FLINK_JARS):
                source = file.extractfile(item)
                assert source is not None
                with source, (build / name.name).open("wb") as out:
                    shutil.copyfileobj(source, out)
    shutil.rmtree(archive.parent)
    return True


def unpacked(say: Callable[[str], None]) -> Path:
    """The home of Elasticsearch, where the user that runs it can read it."""
    archive = next(fetched(ELASTIC, say).glob("*.zip"))
    target = ours() / f"{archive.stem}-{cache().name}"
    if not target.is_dir():
        say(f"unpacking {archive.stem}")
        build = target.with_name(f"{target.name}-{uuid.uuid4().hex[:8]}")
        build.mkdir(mode=0o755)
        try:
            with zipfile.ZipFile(archive) as file:
                for item in file.infolist():
                    path = Path(file.extract(item, build))
                    # The archive's modes are not kept by zipfile; only who may execute matters.
                    path.chmod(0o755 if item.is_dir() or item.external_attr >> 16 & 0o100 else 0o644)
            _into_place(build, target)
        finally:
            shutil.rmtree(build, ignore_errors=True)
    return next(target.glob("elasticsearch-*"))


def _into_place(build: Path, target: Path) -> None:
    try:
        build.rename(target)
    except OSError:
        if not target.is_dir():  # else somebody else was quicker
            raise


def ours() -> Path:
    """A folder that others may read and only we may write. As root it is under the folder for temporary
    files: Elasticsearch then runs as nobody, who may not look into root's home."""
    if os.geteuid() != 0:
        return cache()
    folder = Path(tempfile.gettempdir()) / "news-monitor-servers"
    folder.mkdir(mode=0o755, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & 0o022:
        raise MissingPart(f"{folder} is not a folder that only root may write; remove it")
    folder.chmod(0o755)
    return folder


def unprivileged() -> tuple[int, int] | None:
    """User and group that Elasticsearch, which refuses root, is run as; None where we are not root."""
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise MissingPart("Elasticsearch must not run as root, and there is no user `nobody`") from None
    return nobody.pw_uid, nobody.pw_gid


def java(least: int) -> Path:
    """The home of the oldest installed Java of at least this version. Raises MissingPart where there is none."""
    found = {version: home for home in _homes() if (version := _version(home)) is not None and version >= least}
    if not found:
        raise MissingPart(f"Java {least} or newer is needed: install a JDK of it, or set JAVA_HOME to one")
    return found[min(found)]


def _homes() -> Iterator[Path]:
    if on_path := shutil.which("java"):
        yield Path(on_path).resolve().parent.parent
    for pattern in ("/usr/lib/jvm/*", "/opt/java/*", "/Library/Java/JavaVirtualMachines/*/Contents/Home"):
        yield from sorted(Path("/").glob(pattern[1:]))
    for name, value in os.environ.items():  # JAVA_HOME, and JAVA_HOME_21_X64 and the like on CI machines
        if name.startswith("JAVA_HOME") and value:
            yield Path(value)


def _version(home: Path) -> int | None:
    program = home / "bin" / "java"
    if not os.access(program, os.X_OK):
        return None
    try:
        told = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=30, check=False).stderr
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r'version "(\d+)', told)
    return int(match[1]) if match else None
