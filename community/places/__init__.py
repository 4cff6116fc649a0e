"""Where things are: the area tree, posts with their printed codes, and the signing of those codes.

Comes in: admins' changes to posts and prints. Goes out: areas, posts, and what a scanned or typed code means.
"""
