"""The room's blueprint."""

from flask import Blueprint

bp = Blueprint("points", __name__)
