"""`flask people keys`, `newkey`, `rotate`: the keys by which phone numbers are found, and how they change."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Never

import click
from cryptography.fernet import InvalidToken
from flask.cli import AppGroup
from tqdm import tqdm

from community.core.authz import Actor, system_actor
from community.core.config import settings
from community.core.db import transaction
from community.core.keys import with_new_hash_key
from community.core.serving.doctor import Finding
from community.people import rekeying
from community.places import keyring

group = AppGroup("people", help="People: the keys of phone numbers, and writing the numbers anew under new ones.")

NAME = "PHONE_HASH_KEY"
# Rounds in which nothing could be written: whoever holds a row lets it go by then.
_PATIENCE = 5
_PAUSE = 0.2


@group.command("keys")
def keys() -> None:
    """List the keys that find phone numbers, and how many numbers are under each."""
    for line in rekeying.lines(system_actor("flask people keys")):
        click.echo(f"{line.name:<8}  {line.state:<6}  {line.numbers} {'number' if line.numbers == 1 else 'numbers'}")


@group.command("newkey")
@click.option("--behind", is_flag=True, help="Only let it find for now: for several hosts, before the first restart.")
def newkey(*, behind: bool) -> None:
    """Print PHONE_HASH_KEY with a new key; the older ones still find. The demo's own file is rewritten."""
    given, path = os.environ.get(NAME), settings().instance_dir / "secrets.json"
    if not given and not path.exists():
        raise click.ClickException(f"There is no key to change: set {NAME}, or run `make run` once.")
    ring = with_new_hash_key(given or keyring.stored(path, NAME), behind=behind)
    if given:
        click.echo(f"{NAME}={ring}")
        click.echo("Put this line where the old one is, and start serve and worker again.", err=True)
    else:
        keyring.store(path, ring, NAME)
        click.echo(f"{path} has the new key; start the program again.", err=True)
    click.echo("Then `flask people rotate` writes the numbers anew (docs/operations.md, “Keys”).", err=True)


@group.command("rotate")
def rotate() -> None:
    """Write every phone number anew under the newest keys. The site stays open; stopped, it goes on where it was."""
    actor = system_actor("flask people rotate")
    with tqdm(total=_waiting(actor), unit="number", desc="numbers", disable=None) as bar:
        done, unreadable = _rounds(actor, bar)
    left = _waiting(actor)
    click.echo(f"{done} written anew, {left} left.")
    if unreadable:
        raise click.ClickException(f"{unreadable} numbers cannot be read: bring their key back into PHONE_CIPHER_KEYS.")
    if left:
        raise click.ClickException("Some were being written by others all the time: run it once more.")


def _waiting(actor: Actor) -> int:
    with transaction():
        return rekeying.waiting(actor)


def _rounds(actor: Actor, bar: tqdm[Never]) -> tuple[int, int]:
    """Go through the rows until none is left to write; return how many were written, and how many cannot be read."""
    done, idle = 0, 0
    while True:
        written, unreadable = _round(actor, bar)
        done, idle = done + written, 0 if written else idle + 1
        if _waiting(actor) <= unreadable or idle > _PATIENCE:
            return done, unreadable
        time.sleep(_PAUSE)


def _round(actor: Actor, bar: tqdm[Never]) -> tuple[int, int]:
    done, unreadable, last_id = 0, 0, 0
    while True:
        with transaction():
            batch = rekeying.rekey(actor, after=last_id)
        if not batch.last_id:
            return done, unreadable
        done, unreadable, last_id = done + batch.done, unreadable + batch.unreadable, batch.last_id
        bar.update(batch.done)


def phone_keys() -> Iterator[Finding]:
    """What `flask doctor` says about the keys of phone numbers; nothing where the process has no keys."""
    if settings().secrets is None:
        return
    actor = system_actor("flask doctor")
    lines = rekeying.lines(actor)
    for line in lines:
        if line.numbers and line.state == "gone":
            told = f"{line.numbers} are under the key {line.name}, which {NAME} does not name: nobody finds them"
            yield Finding("mend", "phone numbers", told, "put the key back, or flask people rotate")
        elif line.numbers and line.state == "finds":
            yield Finding("note", "phone numbers", f"{line.numbers} still under {line.name}", "flask people rotate")
    try:
        fits = rekeying.fits(actor)
    except InvalidToken:
        yield Finding("mend", "phone numbers", "the newest cannot be read", "bring its key back into PHONE_CIPHER_KEYS")
        return
    if not fits:
        told = f"{NAME} has another key under an old name: nobody is found"
        yield Finding("mend", "phone numbers", told, "bring the old key back, or name the new one anew and rotate")
    elif all(line.state == "writes" for line in lines if line.numbers):
        yield Finding("ok", "phone numbers", f"all under the key {lines[0].name}")
