"""The pages that compose what the rooms below offer: home, the landing page of a scanned code, "me", the desk.

Comes in: queries and slots of the rooms below. Goes out: pages.
"""
