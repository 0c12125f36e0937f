"""Alerting rules as Kibana's API takes them: `POST` or `PUT /api/alerting/rule/{id}`.

All are of the type `.es-query`: a query, a window of time, and a limit that the count or a figure is compared with.
"""

from __future__ import annotations

import json
import re
from typing import Any

from deploy.kibana import kql
from deploy.kibana.source import Rule, View

Json = dict[str, Any]
# What the answer to a GET holds of an action, and a PUT takes.
_ACTION = ("id", "group", "params", "frequency", "uuid", "alerts_filter", "use_alert_data_for_template")
_AVERAGE = {"average": "avg"}


def created(prefix: str, rule: Rule, view: View) -> Json:
    """The body that creates the rule, switched on and without actions."""
    return {
        **_body(prefix, rule, view),
        "rule_type_id": ".es-query",
        "consumer": "stackAlerts",
        "enabled": True,
        "actions": [],
    }


def updated(prefix: str, rule: Rule, view: View, present: Json) -> Json:
    """The body that brings a rule up to date. The actions that a person added in Kibana stay."""
    actions = [{key: action[key] for key in _ACTION if key in action} for action in present.get("actions", [])]
    return {**_body(prefix, rule, view), "actions": actions}


def _body(prefix: str, rule: Rule, view: View) -> Json:
    return {
        "name": f"{rule.name} ({prefix})",
        "tags": ["news-monitor", prefix],
        "schedule": {"interval": rule.every},
        "params": _params(prefix, rule, view),
    }


def _params(prefix: str, rule: Rule, view: View) -> Json:
    match = re.fullmatch(r"(\d+)([smhd])", rule.window)
    assert match, rule.window
    params: Json = {
        "searchType": "esQuery",
        "esQuery": json.dumps({"query": kql.to_elastic(rule.query)}, ensure_ascii=False),
        "index": [f"{prefix}-{view.index}"],
        "timeField": view.time,
        "timeWindowSize": int(match[1]),
        "timeWindowUnit": match[2],
        "threshold": [_whole(rule.below if rule.above is None else rule.above)],
        "thresholdComparator": "<" if rule.above is None else ">",
        "size": 10,
        "excludeHitsFromPreviousRun": not rule.repeat,
        "aggType": "count",
        "groupBy": "all",
    }
    if rule.value and rule.value.of != "count":
        params |= {"aggType": _AVERAGE.get(rule.value.of, rule.value.of), "aggField": rule.value.field}
    if rule.each:
        params |= {"groupBy": "top", "termField": rule.each, "termSize": 100}
    return params


def _whole(limit: float | None) -> float | None:
    return int(limit) if limit is not None and float(limit).is_integer() else limit
