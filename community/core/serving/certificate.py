"""A self-signed certificate for trying the demo on a phone: camera and location need https (DESIGN §4 "Hosts")."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import socket
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from community.core import clock

# Phones refuse certificates that last longer than 398 days.
DAYS = 390


def ensure(folder: Path, hosts: list[str]) -> tuple[Path, Path]:
    """Return the paths of certificate and key in `folder` for `hosts` (names and addresses).

    Made anew when there is none, when it ends within a week, or when it does not name every host.
    """
    certificate, key = folder / "tls-cert.pem", folder / "tls-key.pem"
    if not (certificate.exists() and key.exists() and _fits(certificate.read_bytes(), hosts)):
        _make(certificate, key, hosts)
    return certificate, key


def own_addresses() -> list[str]:
    """Return this machine's addresses in its network, for the hint "open this on your phone"; nothing is sent."""
    try:
        # Connecting a datagram socket only asks the routing table which address would be used.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))
            address = str(probe.getsockname()[0])
    except OSError:
        return []
    return [] if ipaddress.ip_address(address).is_loopback else [address]


def _fits(pem: bytes, hosts: list[str]) -> bool:
    try:
        known = x509.load_pem_x509_certificate(pem)
        names = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    listed = {str(name.value) for name in names}
    return set(hosts) <= listed and known.not_valid_after_utc > clock.now() + dt.timedelta(days=7)


def _make(certificate: Path, key: Path, hosts: list[str]) -> None:
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Linli demo")])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(clock.now() - dt.timedelta(days=1))
        .not_valid_after(clock.now() + dt.timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(secret, hashes.SHA256())
    )
    pem = secret.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    key.unlink(missing_ok=True)
    with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
