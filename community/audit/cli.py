"""`flask audit check`: which export a file is, and whether anybody has changed it since."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import AppGroup

from community.audit import exporting, queries
from community.core.i18n import _, plain
from community.core.web.display import instant

group = AppGroup("audit", help="The log.")


@group.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(file: Path) -> None:
    """Tell who took an exported FILE away and when; fails for a changed or foreign one."""
    found = exporting.origin(file.read_bytes())
    if found is None:
        raise click.ClickException(plain(_("这不是本站导出的文件，或者导出以后改动过。")))
    who = queries.actor_names([found.actor_id]).get(found.actor_id, str(found.actor_id))
    click.echo(
        plain(
            _(
                "原样的导出文件 %(number)s：%(who)s，%(when)s，%(rows)s 条。",
                number=found.number,
                who=who,
                when=instant(found.at),
                rows=found.rows,
            )
        )
    )
