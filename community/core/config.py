"""Settings: environment only, one frozen object (DESIGN §4 "Config").

Modes: "demo" (`make run`, `python app.py`), "production" (a server imports `app:app`, `flask serve`, `flask worker`),
"tools" (plain `flask db|points|…`) and "test". In demo and tools mode secrets that the environment does not give are
read from, or in demo mode generated into, `INSTANCE_DIR/secrets.json` (mode 600). Production demands them.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
import os
import re
import secrets as random_secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from flask import current_app

from community.core.keys import CipherRing, HashRing, SigningRing, WeakSecret, check_strength, ring_values
from community.core.maps import TileMap

Mode = Literal["demo", "production", "tools", "test"]
ROOT = Path(__file__).resolve().parents[2]
_STORAGE = re.compile(r"[a-z][a-z0-9+.]*://\S+")
SECRET_NAMES = ("SECRET_KEY", "POSTER_KEYS", "PHONE_CIPHER_KEYS", "PHONE_HASH_KEY")


class BadSettings(click.ClickException):
    """A setting is missing, weak or senseless; the text says which and how to mend it.

    A command that meets it ends with that text in one line and the code 1.
    """


@dataclass(frozen=True)
class Secrets:
    """The four secrets. `signing` signs printed codes, `cipher` keeps phone numbers, `hashes` find them."""

    secret_key: str = field(repr=False)
    signing: SigningRing = field(repr=False)
    cipher: CipherRing = field(repr=False)
    hashes: HashRing = field(repr=False)


@dataclass(frozen=True)
class Settings:
    """Everything that differs between deployments. Times in seconds unless named otherwise."""

    mode: Mode
    instance_dir: Path
    database_url: str
    public_url: str
    site_name: str = "邻里"
    timezone: str = "Asia/Shanghai"
    host: str = "127.0.0.1"
    port: int = 8000
    # A self-signed certificate for trying the demo on a phone; in production a proxy in front speaks TLS.
    tls: bool = False
    serve_workers: int = 2
    serve_threads: int = 4
    trusted_proxies: int = 0
    metrics_token: str = field(default="", repr=False)
    secrets: Secrets | None = field(default=None, repr=False)
    # Whether the environment gives any of them, as production does, or they are the demo's own.
    secrets_given: bool = False
    # An HTTP gateway for text messages; without an address none are offered.
    sms_url: str = ""
    sms_key_id: str = ""
    sms_secret: str = field(default="", repr=False)
    # Where hosts count rate limits together; "": each process counts for itself.
    redis_url: str = field(default="", repr=False)
    # Where files are kept, as fsspec names it; "": the folder uploads below instance_dir.
    storage_url: str = ""
    # Whose map lies under the desk's posts, after a tap; None: a plain grid only.
    map: TileMap | None = None
    # Sessions stay on a phone for half a year; a change of password ends them all.
    session_days: int = 180
    # What the office declared as an exception to the rules for government apps, each with its last day (product.md
    # §5.10); the sheet of compliance shows them.
    exceptions: tuple[tuple[dt.date, str], ...] = ()

    @property
    def demo(self) -> bool:
        """Demo sign-ins exist in demo mode only."""
        return self.mode == "demo"

    @property
    def secure_cookies(self) -> bool:
        """Cookies are Secure wherever the public address is https; production is nothing else."""
        return self.mode == "production" or self.public_url.startswith("https://")

    @property
    def public_host(self) -> str:
        """The host (and port) that codes are printed for."""
        return self.public_url.split("://", 1)[1].split("/", 1)[0].lower()

    def need_secrets(self) -> Secrets:
        """Return the secrets; raises BadSettings when this process was started without them."""
        if self.secrets is None:
            raise BadSettings(
                "This command needs the keys: set " + ", ".join(SECRET_NAMES) + ", or run `make run` once to make them."
            )
        return self.secrets

    @classmethod
    def from_env(cls, mode: Mode, env: Mapping[str, str] | None = None) -> Settings:
        """Read the settings from `env` (default: the process environment).

        Raises BadSettings for a senseless value, and in production for a missing or weak secret or a plain-http
        address.
        """
        env = os.environ if env is None else env
        instance = Path(env.get("INSTANCE_DIR") or ROOT / "instance").resolve()
        port = _integer(env, "PORT", 8000, most=65535)
        sms_url, sms_key_id, sms_secret = _sms(env, mode)
        return cls(
            mode=mode,
            instance_dir=instance,
            database_url=_database_url(env, instance),
            public_url=_public_url(env, mode, port),
            site_name=env.get("SITE_NAME") or "邻里",
            timezone=_timezone(env),
            host=env.get("HOST") or ("0.0.0.0" if mode == "demo" else "127.0.0.1"),  # noqa: S104 - the demo is for phones
            port=port,
            tls=mode == "demo" and env.get("TLS") == "1",
            serve_workers=_integer(env, "SERVE_WORKERS", 2, least=1),
            serve_threads=_integer(env, "SERVE_THREADS", 4, least=1),
            trusted_proxies=_integer(env, "TRUSTED_PROXIES", 0),
            metrics_token=env.get("METRICS_TOKEN", ""),
            exceptions=_exceptions(env),
            secrets=_secrets(env, mode, instance),
            secrets_given=any(env.get(name) for name in SECRET_NAMES),
            sms_url=sms_url,
            sms_key_id=sms_key_id,
            sms_secret=sms_secret,
            redis_url=_redis_url(env),
            storage_url=_storage_url(env),
            map=_map(env),
        )


def settings() -> Settings:
    """Return the settings of the current application."""
    return cast(Settings, current_app.extensions["linli_settings"])


def problems(mode: Mode, env: Mapping[str, str] | None = None) -> list[str]:
    """Return everything that keeps `mode` from starting with `env`, not only the first; empty when nothing does."""
    env = os.environ if env is None else env
    instance = Path(env.get("INSTANCE_DIR") or ROOT / "instance").resolve()
    readers: tuple[Callable[[], object], ...] = (
        lambda: _integer(env, "PORT", 8000, most=65535),
        lambda: _integer(env, "TRUSTED_PROXIES", 0),
        lambda: _integer(env, "SERVE_WORKERS", 2, least=1),
        lambda: _integer(env, "SERVE_THREADS", 4, least=1),
        lambda: _timezone(env),
        lambda: _exceptions(env),
        lambda: _database_url(env, instance),
        lambda: _public_url(env, mode, 8000),
        lambda: _redis_url(env),
        lambda: _storage_url(env),
        lambda: _map(env),
        lambda: _secrets(env, mode, instance),
        lambda: _sms(env, mode),
    )
    found = []
    for read in readers:
        try:
            read()
        except BadSettings as problem:
            found.append(str(problem))
    return found


def _integer(env: Mapping[str, str], name: str, default: int, *, least: int = 0, most: int = 1 << 31) -> int:
    text = env.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise BadSettings(f"{name} must be a whole number from {least} to {most}, not {text!r}")
    return int(text)


def _exceptions(env: Mapping[str, str]) -> tuple[tuple[dt.date, str], ...]:
    found = []
    for part in filter(None, (one.strip() for one in (env.get("COMPLIANCE_EXCEPTIONS") or "").split(";"))):
        day, _space, text = part.partition(" ")
        try:
            found.append((dt.date.fromisoformat(day), text.strip()))
        except ValueError:
            text = ""
        if not text.strip():
            raise BadSettings(f"COMPLIANCE_EXCEPTIONS must be like '2027-06-30 what and why; ...', not {part!r}")
    return tuple(found)


def _timezone(env: Mapping[str, str]) -> str:
    name = env.get("TIMEZONE") or "Asia/Shanghai"
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadSettings(f"TIMEZONE must be a name like Asia/Shanghai, not {name!r}") from None
    return name


def _database_url(env: Mapping[str, str], instance: Path) -> str:
    url = env.get("DATABASE_URL") or f"sqlite:///{instance / 'linli.sqlite3'}"
    if url.startswith(("postgres://", "postgresql://")):
        url = "postgresql+psycopg://" + url.split("://", 1)[1]
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise BadSettings("DATABASE_URL must start with sqlite:/// or postgresql+psycopg://")
    return url


def _redis_url(env: Mapping[str, str]) -> str:
    url = env.get("REDIS_URL") or ""
    try:
        parts = urlsplit(url)
        well = not url or (parts.scheme in {"redis", "rediss"} and bool(parts.hostname) and (parts.port or 1) > 0)
    except ValueError:
        well = False
    if not well:
        # Never repeated: it holds a password.
        raise BadSettings("REDIS_URL must be an address like redis://:PASSWORD@127.0.0.1:6379/0")
    if url and importlib.util.find_spec("redis") is None:
        raise BadSettings("REDIS_URL needs the package redis: pip install '.[redis]', or leave REDIS_URL out")
    return url


def _storage_url(env: Mapping[str, str]) -> str:
    url = env.get("STORAGE_URL") or ""
    if url and not _STORAGE.fullmatch(url):
        raise BadSettings(f"STORAGE_URL must be an address like s3://bucket/linli or file:///srv/linli, not {url!r}")
    return url.rstrip("/")


def _map(env: Mapping[str, str]) -> TileMap | None:
    try:
        return TileMap.from_env(env)
    except ValueError as error:
        raise BadSettings(str(error)) from error


def _public_url(env: Mapping[str, str], mode: Mode, port: int) -> str:
    url = (env.get("PUBLIC_URL") or "").rstrip("/")
    if not url:
        if mode == "production":
            raise BadSettings("PUBLIC_URL is missing: it is the address printed in every code, https://your.host")
        scheme = "https" if env.get("TLS") == "1" else "http"
        return f"{scheme}://localhost:{port}"
    try:
        parts = urlsplit(url)
        bare = parts.scheme in {"http", "https"} and bool(parts.hostname) and url == f"{parts.scheme}://{parts.netloc}"
        bare = bare and parts.username is None and (parts.port or 1) > 0
    except ValueError:
        bare = False
    if not bare:
        raise BadSettings(f"PUBLIC_URL must be a scheme and a host, like https://linli.example.org, not {url!r}")
    if mode == "production" and parts.scheme == "http" and parts.hostname not in {"localhost", "127.0.0.1"}:
        raise BadSettings("PUBLIC_URL must be https:// in production: sessions and location need it")
    return url


def _sms(env: Mapping[str, str], mode: Mode) -> tuple[str, str, str]:
    url, key_id, secret = (env.get(name, "") for name in ("SMS_URL", "SMS_KEY_ID", "SMS_SECRET"))
    if not url:
        return "", "", ""
    parts = urlsplit(url)
    here = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if parts.scheme != "https" and not (parts.scheme == "http" and here):
        raise BadSettings(
            "SMS_URL must be https://: it carries telephone numbers and codes (http:// only to localhost)"
        )
    if not key_id.isprintable() or not key_id or not key_id.isascii():
        raise BadSettings("SMS_KEY_ID is missing: the name under which the gateway knows this site")
    try:
        if mode == "production":
            check_strength("SMS_SECRET", secret)
    except WeakSecret as weak:
        raise BadSettings(str(weak)) from weak
    if not secret:
        raise BadSettings("SMS_SECRET is missing: the key that signs what goes to the gateway")
    return url, key_id, secret


def _secrets(env: Mapping[str, str], mode: Mode, instance: Path) -> Secrets | None:
    given = {name: env[name] for name in SECRET_NAMES if env.get(name)}
    missing = [name for name in SECRET_NAMES if name not in given]
    if missing and mode == "production":
        raise BadSettings("missing in the environment: " + ", ".join(missing) + " (see docs/operations.md)")
    if missing:
        stored = _stored_secrets(instance, create=mode in {"demo", "test"})
        if stored is None:
            return None
        given = stored | given
    try:
        return parse_secrets(given, strict=mode == "production")
    except ValueError as error:
        raise BadSettings(str(error)) from error


def parse_secrets(values: Mapping[str, str], *, strict: bool) -> Secrets:
    """Return the secrets spelled by `values` (names of SECRET_NAMES).

    Raises ValueError for one of the wrong form; `strict` also refuses weak and shared ones (WeakSecret).
    """
    if strict:
        check_strength("SECRET_KEY", values["SECRET_KEY"])
        all_of_them = [values["SECRET_KEY"], *HashRing.parse(values["PHONE_HASH_KEY"], strict=True).secrets]
        all_of_them += ring_values("POSTER_KEYS", values["POSTER_KEYS"])
        all_of_them += ring_values("PHONE_CIPHER_KEYS", values["PHONE_CIPHER_KEYS"])
        if len(set(all_of_them)) < len(all_of_them):
            raise WeakSecret("Two secrets are the same: make one for each purpose (openssl rand -base64 48)")
    return Secrets(
        secret_key=values["SECRET_KEY"],
        signing=SigningRing.parse(values["POSTER_KEYS"], strict=strict),
        cipher=CipherRing.parse(values["PHONE_CIPHER_KEYS"], strict=strict),
        hashes=HashRing.parse(values["PHONE_HASH_KEY"], strict=strict),
    )


def new_secrets() -> dict[str, str]:
    """Return freshly made secrets under their names."""
    return {
        "SECRET_KEY": random_secrets.token_urlsafe(48),
        "POSTER_KEYS": f"a={random_secrets.token_urlsafe(32)}",
        "PHONE_CIPHER_KEYS": f"1={CipherRing.new_key()}",
        "PHONE_HASH_KEY": random_secrets.token_urlsafe(32),
    }


def _stored_secrets(instance: Path, *, create: bool) -> dict[str, str] | None:
    path = instance / "secrets.json"
    if not path.exists():
        if not create:
            return None
        _write_secrets(path)
    return cast(dict[str, str], json.loads(path.read_text(encoding="utf-8")))


def _write_secrets(path: Path) -> None:
    """Make `path` with new secrets, whole or not at all; the first of several processes wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(new_secrets(), file, indent=1)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first: its secrets are everybody's
    finally:
        draft.unlink()
