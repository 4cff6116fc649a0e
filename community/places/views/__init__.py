"""The room's pages: posts and areas at the desk (`posts`), printing and withdrawing their signs (`signs`)."""

from community.places.views import hanging, posts, signs
from community.places.views.blueprint import bp

__all__ = ["bp", "hanging", "posts", "signs"]
