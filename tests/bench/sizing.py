"""Measures what docs/sizing.yaml needs and `make bench` does not tell.

    python -m tests.bench.sizing [--articles 4000] [--feeds 300] [--no-servers | --only-servers]

Prints YAML: milliseconds of a processor for a poll that brings nothing and for one that is read for the first time,
articles a second that a start reads from the embedded index, bytes on disk of an article in each index, and
milliseconds of Elasticsearch's processor time for an article.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import yaml

from pipeline import opening
from tests.bench import corpus
from tests.running import ROOT, command, configure
from transforms.feeds.poller import Poller
from transforms.feeds.specs import FeedSpec, FetchPolicy
from transforms.fold.memory import Memory
from transforms.fold.seed import seed
from transforms.index.embedded import EmbeddedIndex
from transforms.records import Poll, Source

ITEMS, TTL_S = 20, 7 * 86400


class _Feed(BaseHTTPRequestHandler):
    """Each path is a feed of twenty whole articles, the same at every request; half of the servers know a 304."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        number = int(self.path.strip("/"))
        known = number % 2 == 0 and self.headers.get("If-None-Match") == '"1"'
        body = b"" if known else _feed(number)
        self.send_response(304 if known else 200)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return


def _feed(number: int) -> bytes:
    text = " ".join(f"The harbour master of Tesk spoke for the {n}th time about ferry {number}." for n in range(40))
    items = "".join(
        f"<item><title>Ferry {number} {n}</title><link>http://port.example/{number}/{n}</link>"
        f"<description>{text}</description></item>"
        for n in range(ITEMS)
    )
    return f'<rss version="2.0"><channel><title>{number}</title>{items}</channel></rss>'.encode()


def polls(folder: Path, feeds: int) -> dict[str, float]:
    """Milliseconds of this process's processor time for a poll; the server is another process."""
    with subprocess.Popen([sys.executable, "-m", "tests.bench.sizing", "--serve"], stdout=subprocess.PIPE, text=True,
                          cwd=ROOT) as server:  # fmt: skip
        assert server.stdout is not None
        port = int(server.stdout.readline())
        index = EmbeddedIndex(str(folder / "polls.db"))
        specs = [FeedSpec(f"f{n}", f"http://127.0.0.1:{port}/{n}", Source(f"f{n}"), 60.0) for n in range(feeds)]
        policy = FetchPolicy(allow_addresses=("127.0.0.0/8",), pages=False)
        spent = [_once(index, specs, policy) for _ in range(4)]
        server.kill()
    index.close()
    return {"poll_read_ms": round(spent[0], 2), "poll_unchanged_ms": round(min(spent[1:]), 2)}


def _once(index: EmbeddedIndex, specs: list[FeedSpec], policy: FetchPolicy) -> float:
    before = time.process_time()
    poller = Poller(specs, index, policy, once=True)
    poller.start()
    while not poller.finished:
        items = poller.drain()
        index.commit_polls([item for item in items if isinstance(item, Poll)])
        time.sleep(0.01)
    poller.stop()
    failed = [feed["error"] for feed in index.feeds().values() if feed.get("error")]
    assert not failed, failed[0]
    return 1000 * (time.process_time() - before) / len(specs)


def embedded(folder: Path, articles: corpus.Corpus) -> dict[str, float]:
    """Runs the corpus into the embedded index, then reads that into a new memory as a start does."""
    ref = corpus.reference(folder / "embedded", articles)
    command(folder / "embedded" / "config.yaml", "run", "--quiet", timeout=3600)
    index = opening.index_of(ref)
    memory, began = Memory(TTL_S, 99), time.process_time()
    seed(memory, index, partial(opening.own_agency, ref), 0)
    spent = time.process_time() - began
    index.close()
    size = sum(path.stat().st_size for path in (folder / "embedded").glob("news.db*"))
    count = len(memory.members)
    return {"seed_per_s": round(count / spent), "embedded_bytes": round(size / count)}


def elasticsearch(folder: Path, articles: corpus.Corpus) -> dict[str, float]:
    """Bytes of an article, its story and its alerts on the disk of a server, merged into one segment."""
    from tests.servers.elastic_server import Elastic

    server = Elastic()
    server.start()
    try:
        for name in ("warm", "size"):  # a server that has just started compiles itself for a while
            (folder / name).mkdir()
            sources = [{"kind": "files", "path": str(articles.path)}]
            index = {"kind": "elasticsearch", "url": server.url, "prefix": name}
            config = configure(folder / name, sources, index=index)
            before = _processor_s(server.pid)
            command(config, "run", "--quiet", timeout=3600)
            spent = _processor_s(server.pid) - before
        with httpx.Client(base_url=server.url, timeout=300, trust_env=False) as client:
            client.post("/size-*/_forcemerge", params={"max_num_segments": 1}).raise_for_status()
            client.post("/size-*/_flush", params={"force": "true"}).raise_for_status()
            told = client.get("/size-*/_stats/store,docs").raise_for_status().json()
        count = told["indices"]["size-articles-000001"]["primaries"]["docs"]["count"]
        size = told["_all"]["primaries"]["store"]["size_in_bytes"]
        return {"elastic_bytes": round(size / count), "elastic_ms": round(1000 * spent / count, 2)}
    finally:
        server.close()


def _processor_s(group: int) -> float:
    """Seconds of a processor that the processes of a group have had."""
    spent = 0.0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            told = path.read_text("utf-8", "replace").rpartition(")")[2].split()
            if int(told[2]) == group:
                spent += (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")
    return spent


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.sizing", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--articles", type=int, default=4000)
    parser.add_argument("--feeds", type=int, default=300)
    parser.add_argument("--no-servers", action="store_true")
    parser.add_argument("--only-servers", action="store_true")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Feed)
        print(server.server_port, flush=True)
        server.serve_forever()
    base = Path(os.environ.get("NEWS_EVAL_DATA") or ROOT.parent / "shared" / "eval")
    with tempfile.TemporaryDirectory(prefix="news-sizing-") as name:
        folder = Path(name)
        used = corpus.write(base / "saudinewsnet" / "articles.jsonl.gz", folder / "all.jsonl", asked.articles)
        if not asked.only_servers:
            print(yaml.safe_dump(polls(folder, asked.feeds)), end="", flush=True)
            print(yaml.safe_dump(embedded(folder, used)), end="", flush=True)
        if not asked.no_servers:
            print(yaml.safe_dump(elasticsearch(folder, used)), end="", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
