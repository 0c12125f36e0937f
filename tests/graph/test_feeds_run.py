"""Real feed files, broken ones among them, through the whole graph: each is read or refused with a reason; none
stalls."""

from __future__ import annotations

import http.server
import threading
from pathlib import Path

import pytest

from tests.running import command, configure, exported, shared
from transforms.feeds.parse import NotAFeed, parse_feed
from transforms.index.open import open_index


@pytest.mark.prism
def test_every_feed_file_is_read_or_refused_and_none_stalls_the_graph(tmp_path: Path) -> None:
    files = sorted(path for path in shared("feeds").rglob("*") if path.is_file())
    assert len(files) > 100

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/xml")
            self.end_headers()
            self.wfile.write(files[int(self.path.strip("/"))].read_bytes())

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        base = f"http://127.0.0.1:{server.server_port}"
        config = configure(
            tmp_path,
            [{"kind": "rss", "url": f"{base}/{number}", "id": f"f{number}"} for number in range(len(files))],
            fetch={"allow_addresses": ["127.0.0.0/8"], "pages": False},
        )
        command(config, "run", "--once", "--quiet")
    finally:
        server.shutdown()
        server.server_close()
    feeds = open_index(path=str(tmp_path / "news.db")).feeds()
    assert len(feeds) == len(files)
    wrong = []
    for number, path in enumerate(files):
        told = feeds[f"feed:f{number}"]
        parsed = parse_feed(path.read_bytes(), "application/xml", f"{base}/{number}", 500)
        if isinstance(parsed, NotAFeed) != bool(told.get("error")):
            wrong.append((path.name, told.get("error")))
        if told["batch"] < told["requested_ms"] - 1000:
            wrong.append((path.name, "not committed"))
    assert not wrong
    assert exported(config)
