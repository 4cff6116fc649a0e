"""Chance that can be repeated."""

import subprocess
import sys

from community.demo.chance import dice


def test_the_same_words_give_the_same_dice_in_another_process():
    ask = "from community.demo.chance import dice; print(dice(20260, 'day', '2026-11-23').getrandbits(64))"
    answers = {
        subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout for _ in range(2)
    }

    assert answers == {f"{dice(20260, 'day', '2026-11-23').getrandbits(64)}\n"}


def test_other_words_give_other_dice():
    assert dice(1, "people").random() != dice(2, "people").random()
