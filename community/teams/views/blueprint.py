"""The room's blueprint."""

from flask import Blueprint

bp = Blueprint("teams", __name__)
