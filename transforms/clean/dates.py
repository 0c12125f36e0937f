"""Times as feeds write them, in ISO 8601, RFC 2822 and the ways in which those are got wrong."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import cache

from transforms.text import fold

_LONGEST = 120
_YEARS = range(1800, 2201)
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?)?|\d{8}T\d{6}(?:Z|[+-]\d{4})?"
)
_RFC = re.compile(
    r"(?:[A-Za-z]{3,9},? +)?(\d{1,2}) ([A-Za-z]{3})[a-z]* (\d{4}) (\d\d):(\d\d)(?::(\d\d))? ?"
    r"(?:(GMT|UTC|UT|Z)|([+-])(\d\d):?(\d\d))?"
)
_EPOCH = re.compile(r"\d{10}(?:\d{3})?")
_CLOCK = re.compile(
    r"(?<!\d)(\d{1,2})\s?[:h]\s?(\d\d)(?:[:m]\s?(\d\d)(?:[.,]\d+)?)?s?(?!\d)(?:\s?([ap])\.?m\b\.?|\s(ص|م)\b)?"
)
_NUMERIC = re.compile(r"(?<!\d)(\d{1,4})\s?([/.\-])\s?(\d{1,2})\s?\2\s?(\d{1,4})(?!\d)")
_NAME = r"([^\W\d_]{2,12})\.?"
_NAMED = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th|er|e)?\.?[\s,\-/]+(?:de |of )?{_NAME}(?:\s?/\s?[^\W\d_]{{2,12}})?"
    r"[\s,\-/]+(?:de |del |of )?(\d{4}|\d\d)(?![\d:])"
)
_NAME_FIRST = re.compile(rf"\b{_NAME}\s+(\d{{1,2}})(?:st|nd|rd|th)?\s*,?\s+(\d{{4}})(?!\d)")
# Unix's `date` and `asctime`: the time of day, and perhaps a zone, before the year.
_YEAR_LAST = re.compile(rf"\b{_NAME}\s+(\d{{1,2}})\s+(\d\d:\d\d:\d\d(?:\s+[a-z]{{2,5}})?)\s+(\d{{4}})$")
# Offsets from UTC in minutes. Left out are names that stand for several zones far apart (AST, CST outside RFC 2822).
_ZONES = {
    "est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420, "mdt": -360, "pst": -480, "pdt": -420,
    "wet": 0, "west": 60, "bst": 60, "cet": 60, "cest": 120, "mez": 60, "mesz": 120, "eet": 120, "eest": 180,
    "sast": 120, "msk": 180, "мск": 180, "trt": 180, "ist": 330, "pkt": 300, "jst": 540, "kst": 540, "aest": 600,
    "aedt": 660,
}  # fmt: skip
_MONTHS = (
    "january janvier января январь enero januar jänner janner ene янв jan janv يناير جانفي",
    "february février февраля февраль febrero februar fev фев feb févr فبراير فيفري شباط",
    "march mars марта март marzo märz мар mar mrz مارس آذار اذار",
    "april avril апреля апрель abril апр apr avr abr أبريل إبريل ابريل أفريل نيسان",
    "may mai мая май mayo مايو ماي أيار ايار",
    "june juin июня июнь junio juni июн jun يونيو يونيه جوان حزيران",
    "july juillet июля июль julio juli июл jul juil يوليو يوليه جويلية تموز",
    "august août августа август agosto авг aug ago أغسطس اغسطس أوت آب",
    "september septembre сентября сентябрь septiembre setiembre сен сент sep sept سبتمبر أيلول ايلول",
    "october octobre октября октябрь octubre oktober окт oct okt أكتوبر اكتوبر",
    "november novembre ноября ноябрь noviembre ноя нояб nov نوفمبر",
    "december décembre декабря декабрь diciembre dezember дек dec déc dic dez ديسمبر",
)
# Levantine month names of two words, written as one before the search.
_TWO_WORDS = (("تشرين الاول", "oct"), ("تشرين الثاني", "nov"), ("كانون الاول", "dec"), ("كانون الثاني", "jan"))


def published(text: str | None, arrived: int) -> int | None:
    """Seconds UTC of a written time, or None where it says none or an impossible one (31 February, the year 0).

    Without a zone it is UTC; without a time of day midnight. `arrived` (seconds UTC) settles the century of a two-digit
    year. A numeric date is day/month/year, unless only month/day/year is possible or "AM" or "PM" tells of American
    habits. A result before 1800 or after 2200 is None, and so is 1970-01-01T00:00:00Z, which stands for a missing date.
    """
    if not text or len(text) > _LONGEST:
        return None
    text = text.strip()
    try:
        stamp = _fast(text)
    except ValueError:
        # Python knows neither 24:00 nor leap seconds.
        stamp = None
    try:
        stamp = stamp or _slow(text, arrived)
    except (ValueError, OverflowError):
        return None
    if stamp is None or stamp.year not in _YEARS:
        return None
    return int(stamp.timestamp()) or None


def _fast(text: str) -> datetime | None:
    if _ISO.fullmatch(text):
        stamp = datetime.fromisoformat(text)
        return stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)
    found = _RFC.fullmatch(text)
    if found is None:
        return None
    month = _months().get(found[2].lower())
    if month is None:
        return None
    minutes = (int(found[9]) * 60 + int(found[10])) * (-1 if found[8] == "-" else 1) if found[8] else 0
    return _stamp(int(found[3]), month, int(found[1]), int(found[4]), int(found[5]), int(found[6] or 0), minutes)


def _slow(text: str, arrived: int) -> datetime | None:
    if _EPOCH.fullmatch(text):
        return datetime.fromtimestamp(int(text[:10]), UTC)
    text = fold(text).replace("،", ",")
    text = re.sub(r"(?<=\d)t(?=\d)", " ", text)
    for name, month in _TWO_WORDS:
        text = text.replace(name, month)
    text = _YEAR_LAST.sub(r"\1 \2 \4 \3", text)
    day, rest = _day(text, arrived)
    if day is None:
        return None
    clock = _CLOCK.search(rest)
    hour, minute, second = (int(clock[1]), int(clock[2]), int(clock[3] or 0)) if clock else (0, 0, 0)
    half = clock and (clock[4] or clock[5])
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half in "pم" else 0)
    return _stamp(*day, hour, minute, second, _offset(rest[clock.end() :] if clock else ""))


def _day(text: str, arrived: int) -> tuple[tuple[int, int, int] | None, str]:
    """Year, month and day, and the text without them."""
    for pattern, order in ((_NAMED, (3, 2, 1)), (_NAME_FIRST, (3, 1, 2))):
        for found in pattern.finditer(text):
            month = _months().get(found[order[1]])
            if month:
                day = _year(found[order[0]], arrived), month, int(found[order[2]])
                return day, f"{text[: found.start()]} {text[found.end() :]}"
    found_numeric = _NUMERIC.search(text)
    if found_numeric is None:
        return None, text
    first, middle, last = found_numeric[1], int(found_numeric[3]), found_numeric[4]
    rest = f"{text[: found_numeric.start()]} {text[found_numeric.end() :]}"
    if len(first) == 4:
        return (int(first), middle, int(last)), rest
    if len(first) == 3 or len(last) not in {2, 4}:
        return None, text
    year, day_number, month = _year(last, arrived), int(first), middle
    american = re.search(r"\d\s?[ap]\.?m\b", rest) is not None and found_numeric[2] == "/"
    if (month > 12 >= day_number) or (american and day_number <= 12):
        day_number, month = month, day_number
    return (year, month, day_number), rest


def _year(text: str, arrived: int) -> int:
    year = int(text)
    if len(text) > 2:
        return year
    now = datetime.fromtimestamp(arrived, UTC).year
    # The nearest such year, and of the future at most next year's.
    year += now // 100 * 100
    return year - 100 if year > now + 1 else year


def _offset(text: str) -> int:
    """Minutes east of UTC that the text behind a time of day tells."""
    text = text.strip(" .,()[]")
    found = re.search(r"([+-])\s?(\d{1,2})(?::?(\d\d))?\b", text)
    if found:
        minutes = int(found[2]) * 60 + int(found[3] or 0)
        return -minutes if found[1] == "-" else minutes
    for word in re.findall(r"[^\W\d_]+", text):
        if word in _ZONES:
            return _ZONES[word]
    return 0


def _stamp(year: int, month: int, day: int, hour: int, minute: int, second: int, offset: int) -> datetime | None:
    if abs(offset) > 14 * 60:
        return None
    extra = timedelta()
    if (hour, minute, second) == (24, 0, 0):
        hour, extra = 0, timedelta(days=1)
    # A leap second counts as the one before.
    second = 59 if second == 60 else second
    return datetime(year, month, day, hour, minute, second, tzinfo=timezone(timedelta(minutes=offset))) + extra


@cache
def _months() -> dict[str, int]:
    return {fold(name): number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
