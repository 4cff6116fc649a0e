"""The blueprint of the room."""

from flask import Blueprint

bp = Blueprint("messages", __name__)
