"""The demo district, whole or small. Call `load_small` inside `with transaction():`."""

from community.core.authz import system_actor
from community.demo import services
from community.demo.services import Summary


def load_small() -> Summary:
    """The demo district with as few people as it can have and three weeks of history: a fifth of a second."""
    return services.load_demo(system_actor("demo"), people=60, days=21)
