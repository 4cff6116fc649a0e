"""The page that reads a sign's code with this phone's camera, for whoever has no other scanner at hand.

Reading happens in the page: no picture leaves the phone. Which codes it follows is told here, so that a code glued over
ours leads nowhere: our own hosts and our own kinds of pages.
"""

from __future__ import annotations

from flask import render_template, request

from community.core.web import security
from community.core.web.rights import public
from community.home.views import bp
from community.places import codes

# The first part of the addresses in our codes: signs, the cards of members, and pick-up codes.
FOLLOWED = ("p", "m", "o")


@bp.get("/scan")
@public("anyone may read the code of a sign")
def scan() -> str:
    # The vendored reader works in a worker that it makes of its own text.
    security.allow("worker-src", "blob:")
    in_wechat = "MicroMessenger" in request.user_agent.string
    hosts = codes.accepted_hosts(request.host)
    return render_template("home/scan.html", hosts=hosts, followed=FOLLOWED, in_wechat=in_wechat)
