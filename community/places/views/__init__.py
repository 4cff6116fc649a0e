"""The room's pages at the desk: posts, signs, the area tree with its units (`areas`), tables in and out (`imports`)."""

from community.places.views import areas, fakes, hanging, imports, plan, posts, signs
from community.places.views.blueprint import bp

__all__ = ["areas", "bp", "fakes", "hanging", "imports", "plan", "posts", "signs"]
