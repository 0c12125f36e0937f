"""A real server that asks for credentials over TLS. (The core server cannot keep API keys: its index for them needs a
filter that it lacks. That a key is sent, and not shown, is tested with a scripted server.)"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.elastic.elastic_secure import PASSWORD, SecureElastic
from tests.index.index_samples import whole
from tests.servers.fixtures import missing
from transforms.elastic.client import ElasticSpec, Server
from transforms.elastic.index import ElasticIndex
from transforms.elastic.setup import setup
from transforms.errors import DataError, MissingPart
from transforms.index.interface import WRITTEN

pytestmark = [pytest.mark.servers, pytest.mark.slow]


@pytest.fixture(scope="module")
def secure() -> Iterator[SecureElastic]:
    try:
        server = SecureElastic(heap="512m")
        server.start()
    except MissingPart as error:
        missing(error)
    yield server
    server.close()


def spec(secure: SecureElastic, **more: Any) -> ElasticSpec:
    told = {"username": "elastic", "password": PASSWORD, "ca_certs": str(secure.ca), "timeout_s": 10, **more}
    return ElasticSpec((secure.url,), **told)


def test_who_is_let_in_writes_and_reads(secure: SecureElastic) -> None:
    allowed = spec(secure, prefix="allowed")
    setup(Server(allowed))
    index = ElasticIndex(allowed)
    assert index.apply(whole("a", "s1")) == [WRITTEN] * 4
    assert index.known(["a"]) == {"a"}
    index.close()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"password": "wrong"}, r"index\.username: .* does not let this in \(401\)"),
        ({"username": None}, r"index: .* does not let this in \(401\)"),
        ({"api_key": "bm86bm8="}, r"index\.api_key: .* does not let this in \(401\)"),
        ({"ca_certs": None}, r"index\.ca: the certificate of .* cannot be verified"),
        ({"ca_certs": "/nowhere/ca.pem"}, r"index\.ca: /nowhere/ca\.pem cannot be read"),
    ],
)
def test_who_is_not_is_told_which_key_is_wrong(secure: SecureElastic, more: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said) as refused:
        Server(spec(secure, **more)).call("GET", "/_cluster/health")
    assert PASSWORD not in str(refused.value)


def test_a_certificate_that_is_not_verified(secure: SecureElastic) -> None:
    assert Server(spec(secure, ca_certs=None, verify=False)).call("GET", "/_cluster/health").status == 200
