"""How the program is served: Granian in front of `app:app`, the scheduler, a certificate for trying on a phone.

Comes in: settings. Goes out: the commands `flask serve`, `flask worker`, `flask doctor`, and `serve()` for the demo.
"""
