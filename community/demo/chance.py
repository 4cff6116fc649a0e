"""Repeatable chance: the same words give the same dice, on every machine and in every process."""

from random import Random


def dice(*words: object) -> Random:
    """Return a generator seeded by the words, for instance `dice(20260, "people")`.

    Seeding with text goes through SHA-512 in the standard library, so it does not depend on PYTHONHASHSEED.
    """
    return Random(":".join(str(word) for word in words))  # noqa: S311 - repeatable on purpose, protects nothing
