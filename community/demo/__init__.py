"""The demo district 沥江区: who lives there, and what its volunteers have done until the day of loading.

What lives here: the district as data (`district.yaml`, read by `district`), a deterministic generator of people
(`names`, `people`) and of their check-ins (`rounds`), and the loading of all of it through the rooms' services.
What may come in: a seed, a day, a number of people and of days.
What goes out: rows written by the services of the rooms below; nothing in the program depends on them.
"""
