"""`flask admin create`: the first administrator, and with her the district; `flask admin password`: a forgotten one."""

from __future__ import annotations

import os
import re

import click
from flask.cli import AppGroup

from community.access import policies, services
from community.access.services import Place
from community.core.authz import system_actor
from community.core.config import settings
from community.core.db import transaction
from community.core.errors import DomainError
from community.core.i18n import Text, _, plain
from community.people import phones, policies as people_policies, queries as people_queries, services as people
from community.places import backfill, queries as places
from community.places.backfill import NewArea

group = AppGroup("admin", help="Administrators.")

COMMAND = "flask admin create"
PASSWORD_VARIABLE = "LINLI_ADMIN_PASSWORD"  # noqa: S105 - the name of a variable
# An administrator opens everybody's page: her password is longer than a member's must be.
PASSWORD_SHORTEST = 12
_CODE = re.compile(r"[0-9A-Za-z]{2,12}")


@group.command("create")
@click.option("--phone", help="Her mobile number; asked for when missing.")
@click.option("--name", help="Her name; asked for when missing.")
@click.option("--password", help=f"Better typed when asked, or given as {PASSWORD_VARIABLE}.")
@click.option("--district-name", help="Name of the district, when there is none yet.")
@click.option("--district-code", "--code", help="Its administrative code (990100); picks one when there are several.")
def create(
    phone: str | None, name: str | None, password: str | None, district_name: str | None, district_code: str | None
) -> None:
    """Make an administrator with the role system_admin at the district."""
    settings().need_secrets()
    actor = system_actor(COMMAND)
    phone = phone or click.prompt(plain(_("手机号")))
    name = name or click.prompt(plain(_("称呼")))
    password = password or os.environ.get(PASSWORD_VARIABLE) or _ask_password()
    try:
        people_policies.check_password(password, name=name, shortest=PASSWORD_SHORTEST)
        with transaction():
            place = _district(district_name, district_code)
            member = people.register(
                actor, name=name, phone=phone, age_band="18-59", home_area_id=place.area_id, password=password
            )
            people.verify(actor, member_id=member.id)
            services.grant(actor, member_id=member.id, role=policies.SYSTEM_ADMIN, place=place)
    except DomainError as error:
        raise click.ClickException(_whole(error)) from None
    click.echo(plain(_("已建立管理员 %(name)s（%(place)s）。", name=member.display_name, place=place.name)))
    click.echo(plain(_("请打开 %(url)s/sign-in，用手机号和密码登录。", url=settings().public_url)))


@group.command("password")
@click.option("--phone", help="The verified member's number; asked for when missing.")
@click.option("--password", help=f"Better typed when asked, or given as {PASSWORD_VARIABLE}.")
def reset(phone: str | None, password: str | None) -> None:
    """Set a new password for a verified member who forgot hers, and end her sessions."""
    settings().need_secrets()
    phone = phone or click.prompt(plain(_("手机号")))
    password = password or os.environ.get(PASSWORD_VARIABLE) or _ask_password()
    try:
        with transaction():
            member = people_queries.verified_with(phones.parse(phone))
            people.set_password(system_actor("flask admin password"), member.id, password)
    except DomainError as error:
        raise click.ClickException(_whole(error)) from None
    click.echo(plain(_("已为 %(name)s 设好新密码，原来的登录都已退出。", name=member.display_name)))


def _ask_password() -> str:
    return str(click.prompt(plain(_("密码")), hide_input=True, confirmation_prompt=plain(_("再输一遍密码"))))


def _district(name: str | None, code: str | None) -> Place:
    found = [area for area in places.within("district") if code is None or area.code == code]
    if len(found) > 1:
        codes = ", ".join(f"{area.code} {area.name}" for area in found)
        raise _trouble("which_district", _("有几个区，请用 --district-code 选一个：%(codes)s", codes=codes))
    if found:
        return Place(found[0].name, found[0].path, area_id=found[0].id)
    if not name or not code:
        raise _trouble(
            "no_district",
            _("还没有这个区，请说明名称和代码，例如 --district-name 沥江区 --district-code 990100"),
        )
    if not _CODE.fullmatch(code):
        raise _trouble("district_code", _("区的代码只能用数字和字母，2 到 12 位，例如 990100"))
    area = NewArea(code, "district", plain(_("区")), people_policies.clean_name(name), None, f"{code}/", None)
    made = backfill.add_areas(system_actor(COMMAND), [area])[code]
    return Place(area.name, made.path, area_id=made.id)


def _trouble(code: str, message: Text) -> DomainError:
    return DomainError(code, message)


def _whole(error: DomainError) -> str:
    return " ".join(plain(part) for part in (error.message, error.next_step) if part)
