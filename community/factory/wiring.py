"""What every room brings: its pages, what it hears, what it shows on other rooms' pages, its jobs and commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import time, timedelta

from flask import Blueprint, Flask

from community.access import (
    cli as access_cli,
    events as access_events,
    leaving as access_leaving,
    queries as access_queries,
    subscribers as access_subscribers,
    views as access_views,
)
from community.audit import cli as audit_cli, looks, queries as audit_queries, views as audit_views
from community.core import events, holdings, scheduler, todo, uploads
from community.core.config import Settings
from community.core.scheduler import HEARTBEAT, Job
from community.core.serving import commands
from community.core.serving.doctor import Finding
from community.core.web import (
    faults,
    health,
    pictures,
)
from community.demo import cli as demo_cli, views as demo_views
from community.home import (
    compliance,
    desk as home_desk,
    kiosk,
    landing,
    offline,
    privacy,
    searching,
    subscribers as home_subscribers,
)
from community.messages import (
    channels,
    outbox,
    policies as messages_policies,
    subscribers as messages_subscribers,
    texting,
    views as messages_views,
)
from community.patrols import (
    events as patrols_events,
    policies as patrols_policies,
    queries as patrols_queries,
    subscribers as patrols_subscribers,
    views as patrols_views,
)
from community.patrols.views import todo as patrols_todo
from community.people import (
    areas as people_areas,
    cli as people_cli,
    erasing as people_erasing,
    events as people_events,
    mandates as people_mandates,
    merging as people_merging,
    policies as people_policies,
    queries as people_queries,
    standing as people_standing,
    subscribers as people_subscribers,
    views as people_views,
)
from community.people.views import todo as people_todo
from community.places import (
    areas as places_areas,
    cli as places_cli,
    events as places_events,
    hanging as places_hanging,
    queries as places_queries,
    views as places_views,
)
from community.places.views import todo as places_todo
from community.points import (
    cli as points_cli,
    subscribers as points_subscribers,
    views as points_views,
)
from community.points.queries import cases as points_cases, families as points_families, shop as points_shop
from community.points.services import proposing as points_proposing, stocking as points_stocking
from community.points.services.cases import PURPOSE as CASE_PICTURES
from community.points.views import (
    deciding_todo as points_deciding_todo,
    panels as points_panels,
    reward_todo as points_reward_todo,
    rule_todo as points_rule_todo,
    todo as points_todo,
)
from community.teams import (
    queries as teams_queries,
    subscribers as teams_subscribers,
    views as teams_views,
    words as teams_words,
)
from community.teams.queries import desk as teams_desk
from community.teams.views import todo as teams_todo

BLUEPRINTS: tuple[Blueprint, ...] = (
    health.bp,
    pictures.bp,
    audit_views.bp,
    access_views.bp,
    messages_views.bp,
    patrols_views.bp,
    points_views.bp,
    places_views.bp,
    people_views.bp,
    teams_views.bp,
    demo_views.bp,
    # These hang their pages on the one blueprint of home.
    compliance.bp,
    home_desk.bp,
    kiosk.bp,
    landing.bp,
    offline.bp,
    privacy.bp,
    searching.bp,
)

# Event → handlers, all in the emitter's transaction (golden file: tests/architecture/events.txt).
SUBSCRIBERS: dict[type, tuple[events.Handler, ...]] = {
    patrols_events.CheckInAccepted: (points_subscribers.award_checkin,),
    patrols_events.CheckInFlagged: (points_subscribers.hold_flagged_checkin,),
    patrols_events.CheckInSettled: (points_subscribers.settle_checkin,),
    patrols_events.CheckInReopened: (points_subscribers.reopen_checkin,),
    patrols_events.CheckInVindicated: (patrols_subscribers.set_right,),
    people_events.GuardianConfirmed: (teams_subscribers.guardian_confirmed,),
    people_events.ErasureAsked: (messages_subscribers.tell_erasure_asked,),
    people_events.MemberErased: (
        teams_subscribers.end_erased,
        access_subscribers.end_offices,
        patrols_subscribers.cut_from_phone,
        points_subscribers.give_up_waiting,
        home_subscribers.forget_work,
        # Last: whatever the others tell her goes too.
        messages_subscribers.forget_inbox,
    ),
    people_events.MandateGiven: (messages_subscribers.tell_mandate_given,),
    people_events.MandateRunsOut: (messages_subscribers.tell_mandate_runs_out,),
    people_events.MandateEnded: (messages_subscribers.tell_mandate_ended,),
    people_events.MemberVerified: (points_subscribers.release_verified,),
    people_events.MemberUnverified: (points_subscribers.keep_unverified,),
    people_events.MemberMerged: (
        messages_subscribers.tell_merged,
        teams_subscribers.take_over_merged,
        points_subscribers.take_over_merged,
    ),
    people_events.MemberSuspended: (messages_subscribers.tell_suspended,),
    people_events.MemberReinstated: (messages_subscribers.tell_reinstated,),
    people_events.SignInCodeMade: (messages_subscribers.tell_code_made,),
    people_events.SignInCodeUsed: (messages_subscribers.tell_code_used,),
    access_events.RoleGiven: (messages_subscribers.tell_role_given,),
    access_events.RoleChanged: (messages_subscribers.tell_role_changed,),
    access_events.RoleEnded: (messages_subscribers.tell_role_ended,),
    people_events.ServiceWithdrawn: (teams_subscribers.end_service,),
    places_events.AreaMoved: (
        people_subscribers.area_moved,
        access_subscribers.area_moved,
        messages_subscribers.area_moved,
        teams_subscribers.area_moved,
        patrols_subscribers.area_moved,
        points_subscribers.area_moved,
    ),
}

# Whose rooms hold something on a person, in the order she reads it.
HOLDINGS = ("people", "access", "teams", "patrols", "points", "messages", "home", "core", "audit")

# The desk's queue, in the order of its filters.
QUEUES = (
    *teams_todo.QUEUES,
    *patrols_todo.QUEUES,
    *people_todo.QUEUES,
    *places_todo.QUEUES,
    *points_deciding_todo.QUEUES,
    *points_todo.QUEUES,
    *points_rule_todo.QUEUES,
    *points_reward_todo.QUEUES,
)

JOBS: tuple[Job, ...] = (
    Job(HEARTBEAT, "community.core.scheduler.runner:beat", timedelta(seconds=30)),
    Job("forget_keys", "community.core.jobs:forget_old_keys", timedelta(hours=1)),
    Job("sweep_uploads", "community.core.jobs:sweep_uploads", timedelta(hours=24)),
    Job("send_messages", "community.messages.jobs:send_due", timedelta(seconds=10)),
    Job("settle_silent", "community.patrols.jobs:settle_silent", timedelta(hours=1)),
    Job("forget_attempts", "community.patrols.jobs:forget_attempts", timedelta(hours=6)),
    Job("erase_due", "community.people.jobs:erase_due", timedelta(minutes=10)),
    Job("erase_unconfirmed", "community.people.jobs:erase_unconfirmed", timedelta(days=1), at=time(3, 10)),
    Job("forget_codes", "community.people.jobs:forget_codes", timedelta(days=1), at=time(3, 20)),
    Job("forget_mandates", "community.people.jobs:forget_mandates", timedelta(days=1), at=time(3, 15)),
    Job("tell_mandates", "community.people.jobs:tell_mandates", timedelta(days=1), at=time(8, 40)),
    Job("forget_waits", "community.people.jobs:forget_waits", timedelta(hours=6)),
    Job("forget_consents", "community.people.jobs:forget_consents", timedelta(days=1), at=time(3, 30)),
    Job("forget_read", "community.messages.jobs:forget_read", timedelta(days=1), at=time(3, 40)),
    Job("forget_runs", "community.home.jobs:forget_runs", timedelta(days=1), at=time(3, 50)),
    Job("forget_sent", "community.messages.jobs:forget_sent", timedelta(hours=6)),
    Job("expire_points", "community.points.jobs:expire_points", timedelta(days=1), at=time(0, 20)),
    Job("tell_expiring", "community.points.jobs:tell_expiring", timedelta(days=1), at=time(9, 10)),
    Job("expire_orders", "community.points.jobs:expire_orders", timedelta(minutes=10)),
    Job("remind_orders", "community.points.jobs:remind_orders", timedelta(days=1), at=time(9, 0)),
    Job("forget_evidence", "community.points.jobs:forget_evidence", timedelta(days=1), at=time(4, 0)),
    Job("forget_told", "community.points.jobs:forget_told", timedelta(days=1), at=time(4, 10)),
    Job("post_decided", "community.points.jobs:post_decided", timedelta(seconds=10)),
    Job("raise_appeals", "community.points.jobs:raise_appeals", timedelta(days=1), at=time(8, 50)),
    Job("seal_due", "community.points.jobs:seal_due", timedelta(seconds=10)),
    Job("check_ledgers", "community.points.jobs:check_ledgers", timedelta(days=1), at=time(2, 30)),
    Job("import_tables", "community.places.jobs:import_tables", timedelta(seconds=10)),
    Job("forget_fake_signs", "community.places.jobs:forget_fake_signs", timedelta(days=1)),
    Job("adopt_rules", "community.points.jobs:adopt_rules", timedelta(minutes=10)),
    Job("post_waiting", "community.points.jobs:post_waiting", timedelta(minutes=10)),
)


def wire(app: Flask, settings: Settings) -> None:
    """Register all of it with the application; the last thing that is done to it."""
    for blueprint in dict.fromkeys(BLUEPRINTS):
        app.register_blueprint(blueprint)
    events.wire(SUBSCRIBERS)
    groups = (access_cli.group, audit_cli.group, people_cli.group, places_cli.group, points_cli.group)
    doctor = commands.doctor_command((_outbox, people_cli.phone_keys))
    for command in (commands.serve, commands.worker, doctor, demo_cli.demo, *groups):
        app.cli.add_command(command)
    patrols_policies.close_to.register(points_families.close_to)
    patrols_views.checkin_receipt.register(points_panels.checkin_receipt)
    people_views.sign_in_slot.register(demo_views.cast_panel)
    people_views.sign_in_notice.register(patrols_views.waiting.notice)
    teams_views.joining_slot.register(patrols_views.waiting.notice)
    teams_views.membership_slot.register(patrols_views.waiting.finish)
    people_views.account_slot.register(people_views.panels.account)
    people_views.member_slot.register(people_views.panels.ways_in)
    people_policies.held.register(access_queries.held)
    people_policies.led_by.register(teams_queries.led_by)
    people_policies.placed.register(teams_queries.holds_place)
    people_policies.team_paths.register(teams_desk.every_path)
    people_views.member_slot.register(people_views.cards.card_panel)
    people_views.member_slot.register(people_views.witnessing.panel)
    people_views.member_slot.register(teams_views.member_panel)
    people_views.member_slot.register(points_panels.member_page)
    people_views.member_slot.register(people_views.privacy.panel)
    audit_queries.actor_names.register(people_queries.names)
    audit_queries.actor_ids.register(people_queries.ids_named)
    audit_queries.thing_names.register(_thing_names)
    audit_queries.area_choices.register(places_queries.choices)
    people_policies.offices.register(access_queries.offices)
    people_policies.indispensable.register(access_queries.indispensable)
    people_queries.team_kinds.register(teams_words.kinds_to_choose)
    people_queries.serving_in.register(teams_desk.members_of_kind)
    access_queries.team_paths.register(teams_desk.paths)
    access_queries.teams_under.register(teams_desk.under_paths)
    people_erasing.needed.register(access_leaving.last_of)
    people_merging.decided.register(patrols_queries.decided_between)
    holdings.wire(HOLDINGS)
    messages_policies.circles.register(teams_queries.circles)
    places_hanging.team_paths.register(teams_desk.paths)
    uploads.wire(
        {
            places_hanging.PURPOSE: places_hanging.may_see,
            people_mandates.PURPOSE: people_standing.may_see,
            points_proposing.PURPOSE: points_proposing.may_see,
            CASE_PICTURES: points_cases.may_see,
            points_stocking.PURPOSE: points_shop.may_see,
        },
        papers={points_proposing.PURPOSE: points_proposing.may_read},
    )
    faults.keep_form.register(patrols_views.keep_scan)
    faults.keep_form.register(people_views.kept.panel)
    looks.member_scope.register(people_queries.home_path)
    places_areas.area_kept_by.register(people_areas.living_in)
    places_areas.area_kept_by.register(teams_desk.working_in)
    channels.wire(channels.ConsoleChannel(verbose=settings.demo), *texting.configured(settings))
    people_policies.texts_ready.register(texting.ready)
    people_policies.ask_for_text.register(texting.ask)
    todo.wire(QUEUES)
    people_queries.decided_elsewhere.register(teams_desk.has_applied)
    scheduler.wire(JOBS)


def _thing_names(kind: str, ids: Iterable[int]) -> dict[int, str]:
    """What the things of the log are called, kind by kind; none for kinds that have no names."""
    by_kind: dict[str, Callable[[Iterable[int]], dict[int, str]]] = {
        "area": places_queries.names,
        "member": people_queries.names,
        "membership": teams_desk.membership_names,
        "post": places_queries.post_names,
    }
    return by_kind[kind](ids) if kind in by_kind else {}


def _outbox() -> Iterator[Finding]:
    """What `flask doctor` says about messages on their way out."""
    counted = outbox.waiting()
    if counted["dead"]:
        how = "the outbox keeps each with its last error; mend the channel before sending them again"
        yield Finding("mend", "messages", f"{counted['dead']} could not be sent and were given up", how)
    else:
        yield Finding("ok", "messages", f"{counted['waiting']} waiting to leave")
