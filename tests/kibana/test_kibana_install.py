"""`install` against a stand-in for Kibana: both ways, again, in a space, and each way in which it fails."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from deploy.kibana import names, objects
from deploy.kibana.source import load
from tests.kibana.kibana_server import State, kibana, problem
from tests.running import ROOT

SOURCE = load()
ALL = len(objects.everything(SOURCE))
SHARED = len(objects.shared(SOURCE))


def run(*args: str, fails: int = 0, **env: str) -> str:
    """`python -m deploy.kibana ARGS`; what it says. Asserts the exit code."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("KIBANA_")}
    done = subprocess.run(
        [sys.executable, "-m", "deploy.kibana", *args],
        cwd=ROOT, env=bare | env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == fails, f"exit {done.returncode}: {done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def installed(state: State, space: str = "default") -> tuple[int, int, int]:
    """How many saved objects, dashboards and rules a space holds."""
    return tuple(sum(key[0] == space for key in kept) for kept in (state.objects, state.dashboards, state.rules))


def test_a_new_kibana_gets_dashboards_by_their_api() -> None:
    with kibana(version="9.5.1") as state:
        said = run("install", "--url", state.url)
        assert "Kibana 9.5.1: Dashboards API" in said
        assert installed(state) == (SHARED, len(SOURCE.boards), len(SOURCE.rules))
        assert ("default", names.dashboard("news", "newsroom-now")) in state.dashboards


@pytest.mark.parametrize("version", ["8.19.9", "9.2.2", "9.4.0-SNAPSHOT"])
def test_an_older_one_gets_them_by_import(version: str) -> None:
    with kibana(version=version) as state:
        assert "import of saved objects" in run("install", "--url", state.url)
        assert installed(state) == (ALL, 0, len(SOURCE.rules))


@pytest.mark.parametrize("via", ["api", "import"])
def test_twice_is_as_once(via: str) -> None:
    with kibana() as state:
        first = run("install", "--url", state.url, "--via", via)
        before = (dict(state.objects), dict(state.dashboards), dict(state.rules))
        again = run("install", "--url", state.url + "/", "--via", via)
        assert (state.objects, state.dashboards, state.rules) == before
        assert first.count("created rule") == again.count("updated rule") == len(SOURCE.rules)


def test_actions_that_a_person_added_stay() -> None:
    with kibana() as state:
        run("install", "--url", state.url)
        key = ("default", names.rule("news", "severe-alert"))
        state.rules[key]["actions"] = [{"id": "mail", "group": "query matched", "params": {}}]
        state.rules[key]["name"] = "changed by hand"
        run("install", "--url", state.url)
        assert state.rules[key]["actions"] == [{"id": "mail", "group": "query matched", "params": {}}]
        assert state.rules[key]["name"] == "A severe alert (news)"


def test_a_space_and_a_prefix_of_its_own() -> None:
    with kibana() as state:
        run("install", "--url", state.url, "--space", "desk", "--prefix", "desk")
        assert installed(state) == (0, 0, 0)
        assert installed(state, "desk") == (SHARED, len(SOURCE.boards), len(SOURCE.rules))
        titles = {one["attributes"]["title"] for (_, type, _), one in state.objects.items() if type == "index-pattern"}
        assert titles == {f"desk-{view.index}" for view in SOURCE.views}


def test_a_dry_run_changes_nothing() -> None:
    with kibana() as state:
        said = run("install", "--url", state.url, "--dry-run")
        assert said.count("would put") == len(SOURCE.boards) + len(SOURCE.rules)
        assert installed(state) == (0, 0, 0)
        assert {method for method, _ in state.asked} == {"GET"}


def test_the_key_is_of_the_environment_and_is_not_shown() -> None:
    with kibana(key="s3cret") as state:
        run("install", "--url", state.url, KIBANA_API_KEY="s3cret")
        told = run("install", "--url", state.url, fails=2, KIBANA_API_KEY="wr0ng")
        assert "refused with 401: unable to authenticate user" in told
        assert "KIBANA_API_KEY" in told
        assert "wr0ng" not in told
        assert "refused with 401" in run("install", "--url", state.url, fails=2)
        told = run("install", "--url", state.url.replace("//", "//me:pa55@"), fails=2)
        assert "pa55" not in told


def test_objects_that_are_not_imported_are_listed_one_by_one() -> None:
    bad = names.search("news", "latest-alerts")
    with kibana(refused={bad: {"type": "unknown", "message": "Document is too old", "statusCode": 400}}) as state:
        told = run("install", "--url", state.url, fails=1)
        assert f"failed: search {bad}: Latest alerts (news): Document is too old" in told
        # The rest is there all the same.
        assert installed(state) == (SHARED - 1, len(SOURCE.boards), len(SOURCE.rules))


def test_what_is_missing_is_named() -> None:
    with kibana(version="9.2.0") as state:
        from deploy.kibana.client import Address, Kibana
        from deploy.kibana.install import _import

        made = [one for one in objects.everything(SOURCE) if one["id"] != names.data_view("news", "feeds")]
        with Kibana(Address(state.url)) as client:
            failed = _import(client, made, lambda line: None)
        assert failed
        assert all("missing_references (index-pattern news-data-view-feeds)" in line for line in failed)


def test_a_dashboard_or_a_rule_that_is_refused_is_named_and_the_rest_goes_on() -> None:
    board, rule = names.dashboard("news", "source-health"), names.rule("news", "rejected")
    refused = {
        f"/api/dashboards/{board}": problem(400, "[request body.panels.0]: wrong"),
        f"/api/alerting/rule/{rule}": problem(400, "encryption key is missing"),
    }
    with kibana(refused=refused) as state:
        told = run("install", "--url", state.url, fails=1)
        assert f"failed: dashboard {board}: 400: [request body.panels.0]: wrong" in told
        assert "failed: rule rejected: 400: encryption key is missing" in told
        assert installed(state) == (SHARED, len(SOURCE.boards) - 1, len(SOURCE.rules) - 1)


def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        told = run("install", "--url", f"http://127.0.0.1:{taken.getsockname()[1]}", fails=3)
    assert "cannot be reached" in told


def test_not_ready_and_not_kibana() -> None:
    with kibana(ready=False) as state:
        assert "is not ready yet" in run("install", "--url", state.url, fails=3)
        state.ready = True
        assert "is this Kibana's address?" in run("install", "--url", f"{state.url}/nowhere", fails=2)
