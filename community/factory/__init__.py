"""The only package that knows every room: builds the application from settings.

Comes in: Settings. Goes out: the application (`create_app`), or the running demo (`run_demo`).
"""

from community.factory.building import create_app
from community.factory.demo import run_demo

__all__ = ["create_app", "run_demo"]
