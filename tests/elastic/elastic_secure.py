"""An Elasticsearch of its own with security and TLS, under a certificate made here."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.servers.elastic_server import Elastic
from tests.servers.process import HOST
from transforms.elastic.client import ElasticSpec, Lost, Server
from transforms.errors import DataError

PASSWORD = "a-password-of-tests"


class SecureElastic(Elastic):
    """Asks for credentials (elastic, PASSWORD) over https, with a certificate that `ca` signed."""

    @property
    def url(self) -> str:
        """https://host:port"""
        return f"https://{HOST}:{self.port}"

    @property
    def ca(self) -> Path:
        """The certificate that signed the server's."""
        return self.folder / "config" / "ca.pem"

    def command(self) -> list[str]:
        """Makes certificates and the keystore with the first password."""
        plain = super().command()
        config = self.folder / "config"
        if not self.ca.exists():
            _certificates(config)
            keystore = self._home / "bin" / "elasticsearch-keystore"
            told = {**dict(self.environment()), "PATH": "/usr/bin:/bin"}
            for arguments, given in ((["create"], ""), (["add", "-x", "bootstrap.password"], PASSWORD)):
                subprocess.run([keystore, *arguments], env=told, input=given.encode(), check=True, capture_output=True)
            if self._user:
                self._give()
        tls = "-Expack.security.http.ssl"
        return [
            *[one for one in plain if "xpack.security.enabled" not in one], "-Expack.security.enabled=true",
            f"{tls}.enabled=true", f"{tls}.key={config / 'key.pem'}", f"{tls}.certificate={config / 'cert.pem'}",
            f"{tls}.certificate_authorities={self.ca}",
        ]  # fmt: skip

    def answers(self) -> bool:
        """Whether it lets its own user in."""
        spec = ElasticSpec((self.url,), username="elastic", password=PASSWORD, ca_certs=str(self.ca), timeout_s=5)
        try:
            told = Server(spec).attempt("GET", "/_cluster/health")
        except (DataError, Lost):
            return False
        return told.status == 200 and told.body["status"] in ("yellow", "green")


def _certificates(folder: Path) -> None:
    """A CA, and a certificate of it for the loopback."""
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1\n", encoding="ascii")
    new = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout"]
    for command in (
        [*new, "ca-key.pem", "-x509", "-days", "2", "-subj", "/CN=tests", "-out", "ca.pem"],
        [*new, "key.pem", "-subj", "/CN=127.0.0.1", "-out", "request.pem"],
        ["openssl", "x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial",
         "-days", "2", "-extfile", "san", "-out", "cert.pem"],
    ):  # fmt: skip
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
