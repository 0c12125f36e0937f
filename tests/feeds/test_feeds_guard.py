"""The address guard: notations, names, rebinding, proxies."""

from __future__ import annotations

import pytest
from feeds_server import ProxyHandler, Server, policy, rss, running_server

from transforms.feeds.guard import Guard, Refused
from transforms.feeds.http import Fetcher
from transforms.feeds.specs import FetchPolicy

INNER = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200", "0.0.0.0",
    "255.255.255.255", "224.0.0.1", "239.1.1.1", "240.0.0.1", "192.0.0.192", "168.63.129.16", "198.18.0.1",
    "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::1]",
    "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1]", "[fec0::1]", "[fd00:ec2::254]", "[ff02::1]",
]  # fmt: skip
ODD = [
    "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "127.1", "127.0.1", "127.0.0.1.",
    "0x7f.0.0.0x1",
]  # fmt: skip


@pytest.mark.parametrize("host", INNER)
def test_an_inner_address_is_refused_in_every_notation(host: str) -> None:
    with pytest.raises(Refused) as refused:
        Guard().targets(host.strip("[]"), 80, 1.0)
    assert refused.value.code == "address"
    fetched = Fetcher(FetchPolicy(use_proxies=False)).get(f"http://{host}/feed.xml")
    assert fetched.code == "address"


@pytest.mark.parametrize("host", ODD)
def test_a_number_in_an_old_notation_is_refused_even_where_its_address_is_allowed(host: str) -> None:
    with pytest.raises(Refused):
        Guard(["127.0.0.0/8"]).url(f"http://{host}/")
    with pytest.raises(Refused, match="notation"):
        Guard(["127.0.0.0/8"]).targets(host, 80, 1.0)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_a_public_address_is_taken(address: str) -> None:
    assert Guard().targets(address, 443, 1.0)[0].address == address


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://example.org/x", "gopher://example.org", "/etc/passwd", "C:\\feeds\\a.xml",
     "javascript:1", "data:text/xml,<rss/>", "//example.org/feed", ""],
)  # fmt: skip
def test_only_http_and_https_are_fetched(url: str) -> None:
    assert Fetcher(FetchPolicy(use_proxies=False)).get(url).code in ("scheme", "url")


@pytest.mark.parametrize(
    "url",
    ["http://", "http:///x", "http://example.org:0/", "http://example.org:99999/", "http://[::1", "h" * 5000, "http://xn--a/"],
)  # fmt: skip
def test_what_is_no_url_is_refused(url: str) -> None:
    assert Fetcher(FetchPolicy(use_proxies=False)).get(url).error is not None


def test_an_allowed_network_lets_its_addresses_in_and_no_others() -> None:
    guard = Guard(["10.0.0.0/8", "fd00::/8"])
    assert guard.targets("10.1.2.3", 80, 1.0)
    assert guard.targets("fd00::1", 80, 1.0)
    assert guard.targets("::ffff:10.1.2.3", 80, 1.0)
    with pytest.raises(Refused):
        guard.targets("192.168.0.1", 80, 1.0)


def test_one_bad_address_among_several_refuses_the_name() -> None:
    guard = Guard(resolver=lambda host, port: ["8.8.8.8", "127.0.0.1"])
    with pytest.raises(Refused) as refused:
        guard.targets("mixed.example", 80, 1.0)
    assert refused.value.code == "address"


def test_a_name_server_that_hangs_ends_in_time() -> None:
    import threading

    release = threading.Event()

    def hang(host: str, port: int) -> list[str]:
        release.wait(5)
        return ["8.8.8.8"]

    with pytest.raises(Refused) as refused:
        Guard(resolver=hang).targets("slow.example", 80, 0.1)
    release.set()
    assert refused.value.code == "dns"


def test_a_second_answer_from_dns_is_never_used(server: Server) -> None:
    """Rebinding: the first answer is allowed, the next would be the metadata service."""
    server.serve("/feed.xml", rss(("1", "a", "b")))
    answers = iter([["127.0.0.1"], ["169.254.169.254"], ["169.254.169.254"]])
    asked: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    fetcher = Fetcher(policy(), resolver)
    fetched = fetcher.get(server.url("/feed.xml", "rebind.example"))
    assert fetched.status == 200
    assert asked == ["rebind.example"], "one look-up, and the connection went to the address that was checked"
    assert fetcher.get(server.url("/feed.xml", "rebind.example")).code == "address"


def test_a_mapped_host_goes_to_its_address_which_is_guarded(server: Server) -> None:
    server.serve("/feed.xml", rss(("1", "a", "b")))
    mapped = {"News.Example": f"127.0.0.1:{server.port}"}
    fetched = Fetcher(policy(hosts=mapped)).get("http://news.example/feed.xml")
    assert fetched.status == 200
    assert server.seen[-1].headers["host"] == "news.example"
    assert Fetcher(policy(hosts=mapped, allow_addresses=())).get("http://news.example/feed.xml").code == "address"


def test_a_host_mapping_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"news\.example"):
        Guard(hosts={"news.example": "nowhere"})


def test_a_proxy_does_not_get_round_the_guard(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.serve("/feed.xml", rss(("1", "a", "b")))
    public, inner = {"public.example": ["93.184.215.14"]}, {"inner.example": ["10.0.0.5"]}
    names = {**public, **inner, "proxy.example": ["127.0.0.1"]}

    def resolver(host: str, port: int) -> list[str]:
        return names[host]

    with running_server(ProxyHandler) as proxy:
        monkeypatch.setenv("http_proxy", f"http://us:geheim@proxy.example:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        fetcher = Fetcher(policy(use_proxies=True), resolver)
        assert fetcher.get(server.url("/feed.xml", "public.example")).status == 200
        assert proxy.seen[-1].headers["proxy-authorization"].startswith("Basic ")
        before = len(proxy.seen)
        assert fetcher.get(server.url("/feed.xml", "inner.example")).code == "address"
        assert fetcher.get("http://169.254.169.254/latest/meta-data").code == "address"
        assert fetcher.get("http://2130706433/").code == "address"
        assert len(proxy.seen) == before, "the proxy was never asked"
        closed = Fetcher(policy(use_proxies=True, allow_addresses=()), resolver)
        refused = closed.get(server.url("/feed.xml", "public.example"))
        assert refused.code == "address", "a proxy on an inner address must itself be allowed"
        assert "geheim" not in repr(refused)


def test_no_proxy_is_honoured(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.serve("/feed.xml", rss(("1", "a", "b")))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert Fetcher(policy(use_proxies=True)).get(server.url("/feed.xml")).status == 200
    monkeypatch.setenv("no_proxy", "")
    assert Fetcher(policy(use_proxies=True)).get(server.url("/feed.xml")).code == "connect"
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:9")
    assert Fetcher(policy(use_proxies=True)).get(server.url("/feed.xml")).code == "proxy"
