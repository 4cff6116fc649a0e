"""The edge towards browsers: rights of routes, commands, sessions, pages for errors, headers, preferences, templates.

Comes in: requests. Goes out: decorators for views and what every page needs. Services and below never import it.
"""
