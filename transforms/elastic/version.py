"""Which server this is: Elasticsearch 9, or one that we cannot use, which is then told with what to do."""

from __future__ import annotations

from transforms.elastic.client import Server
from transforms.errors import DataError

_MAJOR = 9


def check_version(server: Server) -> str | None:
    """The version of the server; None where it may not be asked for. DataError for one that we cannot use."""
    host = server.spec.host
    answer = server.call("GET", "/", refusable=True)
    page = answer.body if answer.status == 200 and isinstance(answer.body, dict) else {}
    told = page.get("version") if isinstance(page.get("version"), dict) else None
    if answer.product != "Elasticsearch" or (told or {}).get("distribution") == "opensearch":
        what = "OpenSearch" if (told or {}).get("distribution") == "opensearch" else "not Elasticsearch"
        remedy = f"use Elasticsearch {_MAJOR}.x; a proxy before it must pass on the header x-elastic-product"
        raise DataError("config", "index.url", f"{host} is {what}", remedy)
    version = str(told.get("number")) if told else _of_node(server)
    if version is not None and not version.partition(".")[0].isdigit():
        version = None
    if version is not None and (major := int(version.partition(".")[0])) != _MAJOR:
        remedy = f"upgrade the server to {_MAJOR}.x" if major < _MAJOR else "upgrade this program"
        raise DataError("config", "index.url", f"{host} is Elasticsearch {version}; {_MAJOR}.x is needed", remedy)
    return version


def has_lifecycle(server: Server) -> bool:
    """Whether the server has lifecycle management; one that may not be asked is taken to have it."""
    return server.call("GET", "/_ilm/status", refusable=True).status in (200, 403)


def _of_node(server: Server) -> str | None:
    """A server without its front page tells its version of each node."""
    answer = server.call("GET", "/_nodes/_local", None, {"filter_path": "nodes.*.version"}, refusable=True)
    return min(str(node["version"]) for node in answer.body["nodes"].values()) if answer.status == 200 else None
