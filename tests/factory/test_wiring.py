"""Nothing of a room is forgotten when the application is put together."""

from collections.abc import Callable

from flask import Flask

from community.core.scheduler import HEARTBEAT
from community.factory import wiring


def test_every_job_has_its_own_name_and_the_scheduler_beats() -> None:
    names = [job.name for job in wiring.JOBS]
    assert len(names) == len(set(names))
    assert HEARTBEAT in names


def test_every_kind_of_task_of_the_desk_is_there_once() -> None:
    kinds = [queue.kind for queue in wiring.QUEUES]
    assert len(kinds) == len(set(kinds))


def test_the_commands_of_operators_are_there(make_app: Callable[..., Flask]) -> None:
    assert {"db", "demo", "serve", "worker", "doctor", "admin"} <= set(make_app().cli.commands)
