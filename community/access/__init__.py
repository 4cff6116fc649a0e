"""Who holds which role where; builds the frozen Actor of each request.

Comes in: grants given by admins, commands and teams. Goes out: Actors.
"""
