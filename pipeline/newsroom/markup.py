"""Articles as HTML: the body as a feed carries it, and the page as a site shows it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from html import escape

from pipeline.newsroom.compose import Item, State
from pipeline.newsroom.model import DAY, Outlet, Plan

_SECTIONS = {
    "ar": ("الرئيسية", "سياسة", "اقتصاد", "اتصل بنا", "جميع الحقوق محفوظة"),
    "en": ("Home", "World", "Business", "Contact us", "All rights reserved"),
    "fr": ("Accueil", "Monde", "Économie", "Contact", "Tous droits réservés"),
    "ru": ("Главная", "Мир", "Экономика", "Контакты", "Все права защищены"),
}


def moment(outlet: Outlet, second: int, start: int) -> datetime:
    """Second `second` of the day that ends at `start` (seconds UTC), on the outlet's clock."""
    sign = -1 if outlet.timezone[0] == "-" else 1
    hours, minutes = outlet.timezone[1:].split(":")
    zone = timezone(sign * timedelta(hours=int(hours), minutes=int(minutes)))
    return datetime.fromtimestamp(start - DAY + second, UTC).astimezone(zone)


def body_html(plan: Plan, item: Item, state: State, start: int) -> str:
    """The text in its furniture, as one piece of HTML."""
    site, furniture = plan.site(item.feeds[0]), plan.furniture[item.furniture]
    related = "".join(f'<li><a href="{escape(url)}">{escape(title)}</a></li>' for title, url in item.related)
    values = {
        "{title}": escape(state.title),
        "{site}": escape(site.name),
        "{date}": f"{moment(site, item.published, start):%d/%m/%Y - %H:%M}",
        "{url}": escape(item.url),
        "{home}": f"http://{site.domain}/",
        "{related}": related,
    }
    text = (f"<p>{escape(part)}</p>" for part in state.body)
    return item.html + "\n".join((*_filled(furniture.before, values), *text, *_filled(furniture.after, values)))


def page_html(plan: Plan, item: Item, state: State, start: int) -> str:
    """The article's page: the site's head and menu, the article in its furniture, and the foot."""
    site = plan.site(item.feeds[0])
    home, *sections, contact, rights = _SECTIONS[site.language]
    menu = "".join(f'<li><a href="/{n}">{name}</a></li>' for n, name in enumerate((home, *sections, contact)))
    title, author = escape(state.title), escape(item.author or site.name)
    published = moment(site, item.published, start)
    direction = "rtl" if site.language == "ar" else "ltr"
    return f"""<!DOCTYPE html>
<html lang="{site.language}" dir="{direction}">
<head>
<meta charset="{site.encoding}">
<title>{title} - {escape(site.name)}</title>
<link rel="canonical" href="{escape(item.url)}">
<meta name="author" content="{author}">
<meta property="article:published_time" content="{published.isoformat()}">
</head>
<body>
<header><a href="/">{escape(site.name)}</a><nav><ul>{menu}</ul></nav></header>
<main><article>
<h1>{title}</h1>
<p class="byline">{author} <time datetime="{published.isoformat()}">{published:%d/%m/%Y %H:%M}</time></p>
<div class="entry-content">
{body_html(plan, item, state, start)}
</div>
</article></main>
<footer><p>© {escape(site.name)}. {rights}.</p></footer>
</body>
</html>
"""


def _filled(pieces: Iterable[str], values: dict[str, str]) -> list[str]:
    out = []
    for piece in pieces:
        for name, value in values.items():
            piece = piece.replace(name, value)  # noqa: PLW2901
        out.append(piece)
    return out
