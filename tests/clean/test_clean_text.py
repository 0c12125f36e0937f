"""Markup and characters: hostile input stays inert, and costs no more than its length."""

from __future__ import annotations

import gc
import time

import pytest

from transforms.clean.html import plain, text_of
from transforms.clean.text import safe


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>One<p>Two", "One\n\nTwo"),
        ("One<br>two<br/><br>three", "One\ntwo\n\nthree"),
        ("<ul><li>a<li>b</ul>end", "a\nb\n\nend"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("Tom &amp; Ann &eacute; &#1605; &amp;quot;x&amp;quot; &amp;eacute;", 'Tom & Ann é م "x" é'),
        ("&lt;p&gt;a&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt;", "a"),
        ("&amp;lt;img src=x onerror=alert(1)&amp;gt;a", "a"),
        ("a &lt;b and c&gt; d", "a <b and c> d"),
        ("5 < 6 and 7 > 6", "5 < 6 and 7 > 6"),
        ("a<script>alert(1)</script>b<style>p{}</style>c", "abc"),
        ("a<script>alert(1)", "a"),
        ("a<iframe src=x>b<p>c", "a b\n\nc"),
        ("a<nav>menu</nav>b", "a\n\nb"),
        ("a<nav>never ended, so it stays", "a\n\nnever ended, so it stays"),
        ("<form><p>" + "story " * 200 + "</p></form>", ("story " * 200).strip()),
        ("a<form>Your name <input></form>b", "a\n\nb"),
        ("a<!-- <p>no</p> -->b", "ab"),
        ("<![CDATA[<p>a</p>]]>", "a"),
        ("<p class='x sharedaddy'>Share</p>a", "a"),
        ("<p hidden>no</p>a<span style='display: none'>no</span>", "a"),
        ("<?xml version='1.0' encoding='windows-1256'?><p>سلام</p>", "سلام"),
        ("<title>no</title><meta charset='x'>a", "a"),
        ("it&#146;s &#x1b;[31mred", "it’s red"),
        ("", ""),
        ("<", "<"),
    ],
)
def test_text_of(markup: str, text: str) -> None:
    assert text_of(markup) == text


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("One\ntwo\n\n\n\nthree  ", "One\ntwo\n\nthree"),
        ("One <b>two</b>\nthree", "One two\nthree"),
        ("Minister <script>alert(1)</script>resigns", "Minister resigns"),
        ("Minister &lt;script&gt;alert(1)&lt;/script&gt; resigns", "Minister resigns"),
        ("<script\n>alert(1)</script\n>Minister", "Minister"),
        ("AT&amp;T &amp;amp; co", "AT&T & co"),
        ("R&D &copy it", "R&D &copy it"),
        ("x < y", "x < y"),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
    ],
)
def test_plain(given: str, text: str) -> None:
    assert plain(given) == text


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("e\u0301\u00a0\u2003x", "é x"),
        ("ﺍﻟﺴﻼﻡ", "السلام"),
        ("ﷺ", "صلى الله عليه وسلم"),
        ("ﬁne ①", "ﬁne ①"),
        ("\x1b[1;31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07\x1bc", "red link"),
        ("a\x00b\x07c\x7fd\u200be\ufefff\u00adg", "abcdefg"),
        ("می\u200cروم 👩\u200d🔬", "می\u200cروم 👩\u200d🔬"),
        ("a\u202eb\u202cc", "abc"),
        ("\u2066a\u2069 \u2067b", "\u2066a\u2069 b"),
        ("a\u2066\nb\u2069", "a\nb"),
        ("\u202d\u202aa\u202c\u202c", "\u202aa\u202c"),
        ("\u200fRLM stays", "\u200fRLM stays"),
        ("a\r\nb\rc\u2028d\u2029e", "a\nb\nc\nd\ne"),
        ("a\ud800b\ufffeb", "abb"),
        ("\x93quoted\x94 \x96 it\x92s", "“quoted” – it’s"),
        ("x\U000e0041y", "xy"),
    ],
)
def test_safe(given: str, text: str) -> None:
    assert safe(given) == text
    assert safe(text) == text


PIECES = [
    "<div>",
    "<nav>",
    "<form>",
    "<b>",
    "<p ",
    "<a href='",
    "<",
    "&lt;",
    "&#",
    "&amp;",
    "<!--",
    "<![CDATA[",
    "<iframe",
]
PIECES += [
    "<a href='x'>",
    "<a href='x'>y</a><br>",
    "<a href='https://t.me/share'>y</a> ",
    "<b class='share'>",
    "<p class='tags'>y</p>",
]
PIECES += ["<table><b><tr>", "\u202a", "\u2066\n", "\x1b]", "\x1b[", " \n", "\n<b>", "ﷺ", "<p hidden>", "</p>", "<x:y>"]


@pytest.mark.parametrize("piece", PIECES, ids=ascii)
def test_cost_is_linear(piece: str) -> None:
    """Six times the input may take at most eighteen times as long, and 30,000 pieces at most seconds."""

    def cost(count: int) -> float:
        hostile = piece * count
        # The collector's walks grow with all that the test run holds, not with this text.
        gc.collect()
        gc.disable()
        try:
            start = time.process_time()
            text_of(hostile)
            plain(hostile)
            return time.process_time() - start
        finally:
            gc.enable()

    cost(200)
    small = max(min(cost(5_000) for _ in range(3)), 0.002)
    # Another process on the machine can slow one try down, not every one of five.
    large = cost(30_000)
    for _ in range(4):
        if large >= 18 * small:
            large = min(large, cost(30_000))
    assert large < 18 * small
    assert large < 5


@pytest.mark.parametrize(
    ("markup", "links"),
    [
        ("<p><a href=x>One</a></p><p>Two <a href=y>three</a>, which is not a link</p>", {"One"}),
        ("<ul><li><a href=x>One &amp;amp; two</a> 5 May<li>three</ul>", {"One & two 5 May"}),
        ("<a name=x>One</a>", set()),
        ("<a href=x>One<br>two</a>", {"One", "two"}),
        ("&lt;p&gt;&lt;a href=x&gt;One&lt;/a&gt;&lt;p&gt;two", {"One"}),
    ],
)
def test_lines_that_are_links(markup: str, links: set[str]) -> None:
    found: set[str] = set()
    text = text_of(markup, found)
    assert found == links
    assert links <= set(text.split("\n"))


def test_deep_nesting_keeps_what_is_inside() -> None:
    assert text_of("<div>" * 200_000 + "inside" + "</div>" * 200_000) == "inside"
