"""The demo's certificate names every address it is opened at and is not older than phones allow."""

import datetime as dt
import ipaddress
import ssl
import stat
from contextlib import nullcontext
from pathlib import Path

import pytest
from cryptography import x509

from community.core import clock
from community.core.serving import certificate

HOSTS = ["localhost", "127.0.0.1", "192.0.2.7"]


def test_the_certificate_can_be_served_and_names_every_host(tmp_path: Path) -> None:
    cert, key = certificate.ensure(tmp_path, HOSTS)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
    made = x509.load_pem_x509_certificate(cert.read_bytes())
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert ipaddress.ip_address("192.0.2.7") in names.get_values_for_type(x509.IPAddress)
    assert made.not_valid_after_utc - made.not_valid_before_utc < dt.timedelta(days=398)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_certificate_that_fits_is_kept_so_that_a_phone_warns_once(tmp_path: Path) -> None:
    first = certificate.ensure(tmp_path, HOSTS)[0].read_bytes()
    assert certificate.ensure(tmp_path, HOSTS[:2])[0].read_bytes() == first


def test_a_new_address_an_old_or_a_broken_certificate_makes_a_new_one(tmp_path: Path) -> None:
    first = certificate.ensure(tmp_path, HOSTS)[0].read_bytes()
    second = certificate.ensure(tmp_path, [*HOSTS, "192.0.2.8"])[0].read_bytes()
    assert second != first
    with clock.frozen(clock.now() + dt.timedelta(days=certificate.DAYS - 3)):
        third = certificate.ensure(tmp_path, HOSTS)[0]
        assert third.read_bytes() != second
    third.write_text("not a certificate")
    assert certificate.ensure(tmp_path, HOSTS)[0].read_text().startswith("-----BEGIN CERTIFICATE")


@pytest.mark.parametrize(("address", "found"), [("192.0.2.9", ["192.0.2.9"]), ("127.0.0.1", []), (None, [])])
def test_only_an_address_that_leads_here_from_outside_is_told(
    address: str | None, found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Probe(nullcontext[None]):
        def __enter__(self) -> "Probe":
            return self

        def connect(self, _target: tuple[str, int]) -> None:
            if address is None:
                raise OSError("no network")

        def getsockname(self) -> tuple[str | None, int]:
            return address, 1

    monkeypatch.setattr(certificate.socket, "socket", lambda *_kind: Probe())
    assert certificate.own_addresses() == found
