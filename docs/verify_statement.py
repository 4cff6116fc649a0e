#!/usr/bin/env python3
"""Check a monthly statement of points without trusting the site it came from. Needs Python 3.8 and nothing else.

    python verify_statement.py STATEMENT.json --root HEX
    python verify_statement.py STATEMENT.json --root HEX --head SEQ HEX

STATEMENT.json is the file that the statement's page gives. --root is the month's root as it was published: read it from
the printed board, a notice or somebody else's copy, not from the same page. --head is any seal that you noted earlier
(its number and hash): if one of the statement's postings carries that number, it must be that very seal.

It says what it checked and ends with 0, or with 1 and every step that failed. How hashes are made: docs/proofs.md.
"""

import argparse
import hashlib
import json
import sys


def sha(content):
    return hashlib.sha256(content).digest()


def canonical(document):
    """JSON that is always the same: sorted keys, no blanks, UTF-8."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def follow(leaf, path):
    """The root to which a path leads from a leaf (RFC 6962: leaves begin with 0, nodes with 1)."""
    node = sha(b"\x00" + leaf)
    for side, beside in path:
        other = bytes.fromhex(beside)
        node = sha(b"\x01" + (other + node if side == "left" else node + other))
    return node


def check_month(month, root):
    """Yield what is wrong with the month's sums and their way to the root."""
    document = month["document"]
    if follow(sha(canonical(document)), month["path"]) != root:
        yield "the month's sums do not lead to the root"
    for asset, sums in document["totals"].items():
        made = sums["opening"] + sums["issued"] - sums["redeemed"] - sums["donated"] - sums["expired"]
        if made - sums["reversed"] + sums["adjusted"] != sums["closing"]:
            yield f"the month's sums of {asset} do not add up"


def check_statement(part, month, root):
    """Yield what is wrong with the statement's arithmetic and its way to the root."""
    document = part["document"]
    if follow(sha(bytes.fromhex(part["salt"]) + canonical(document)), part["path"]) != root:
        yield "the statement does not lead to the root"
    if (document["town"], document["month"]) != (month["document"]["town"], month["document"]["month"]):
        yield "the statement is of another town or month"
    if document["opening"] + sum(line["delta"] for line in document["lines"]) != document["closing"]:
        yield "the statement's lines do not lead from its opening to its closing balance"
    if document["opening"] < 0 or document["closing"] < 0:
        yield "a balance is negative"


def is_of(instant, month):
    """Say whether an instant (UTC) is of a month in some time zone: of it, or of a day beside it."""
    apart, day = (int(instant[:4]) - int(month[:4])) * 12 + int(instant[5:7]) - int(month[5:7]), int(instant[8:10])
    return apart == 0 or (apart == -1 and day >= 28) or (apart == 1 and day == 1)


def check_posting(posting, statement, lines):
    """Yield what is wrong with a posting: its seal, and that it is what the statement's lines cover."""
    document, number = posting["document"], posting["document"]["txn"]
    leaf = sha(bytes.fromhex(posting["salt"]) + canonical(document))
    if not lines:
        yield f"posting {number} stands in no line of the statement"
    if any(line["leaf"] != leaf.hex() for line in lines):
        yield f"posting {number} is not what the statement's line covers"
    if document["town"] != statement["town"] or not is_of(document["recorded_at"], statement["month"]):
        yield f"posting {number} is of another town or month"
    seal = posting["seal"]
    if seal is None:
        yield f"posting {number} is not sealed"
    elif sha(bytes.fromhex(seal["previous"]) + seal["seq"].to_bytes(8, "big") + leaf).hex() != seal["hash"]:
        yield f"the seal of posting {number} does not cover it"


def check_moves(document, statement, lines):
    """Yield where a posting's transfers do not say what the statement's lines say."""
    number, account, moved = document["txn"], statement["account"], 0
    for transfer in document["transfers"]:
        way = (transfer["credit"] == account) - (transfer["debit"] == account)
        moved += transfer["amount"] * way
        if transfer["amount"] <= 0 or transfer["credit"] == transfer["debit"]:
            yield f"posting {number} has a transfer that moves nothing"
        if way and transfer["asset"] != statement["asset"]:
            yield f"posting {number} moves something else than {statement['asset']}"
    if moved != sum(line["delta"] for line in lines):
        yield f"posting {number} moves another amount than its lines say"
    if any((line["kind"], line["effective_on"]) != (document["kind"], document["effective_on"]) for line in lines):
        yield f"posting {number} is of another kind or day than its line says"


def check(proof, published_root, heads=()):
    """Return everything that is wrong with a statement; empty when it is proved."""
    root, wrong = bytes.fromhex(proof["root"]), []
    if published_root is not None and root.hex() != published_root.strip().lower().replace(" ", ""):
        wrong.append("the file's root is not the published one")
    wrong += check_month(proof["month"], root)
    wrong += check_statement(proof["statement"], proof["month"], root)
    statement, end = proof["statement"]["document"], proof["month"]["document"]["chain"]
    lines, seals = {}, {}
    for line in statement["lines"]:
        lines.setdefault(line["txn"], []).append(line)
    for posting in proof["postings"]:
        own = lines.pop(posting["document"]["txn"], [])
        wrong += [*check_posting(posting, statement, own), *check_moves(posting["document"], statement, own)]
        seal = posting["seal"] or end
        if not 0 < seal["seq"] <= end["seq"] or seals.setdefault(seal["seq"], seal["hash"]) != seal["hash"]:
            wrong.append(f"seal {seal['seq']} is none of the chain with which the month ends")
    wrong += [f"line {number} comes without its posting" for number in lines]
    for number, value in [(end["seq"], end["hash"]), *heads]:
        if seals.get(number, value) != value:
            wrong.append(f"seal {number} is not the one that was noted")
    return wrong


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Check a monthly statement of points.")
    parser.add_argument("statement", help="the downloaded file")
    parser.add_argument("--root", help="the month's published root, in hex")
    parser.add_argument("--head", nargs=2, action="append", default=[], metavar=("SEQ", "HEX"), help="a seal noted")
    given = parser.parse_args(arguments)
    try:
        with open(given.statement, encoding="utf-8") as file:
            proof = json.load(file)
        wrong = check(proof, given.root, [(int(seq), value.lower()) for seq, value in given.head])
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError, OSError) as error:
        wrong = [f"this is no statement of ours, or it is damaged ({error!r})"]
    for reason in wrong:
        print("FAILED:", reason)
    if wrong:
        return 1
    one, said = proof["statement"]["document"], f"{len(proof['postings'])} postings proved under root {proof['root']}"
    print(f"{one['month']}: {one['opening']} -> {one['closing']} {one['asset']}, {said}")
    if given.root is None:
        print("Compare this root with the published one: without that, only the file itself was checked.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
