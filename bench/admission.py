"""Which entries a full store keeps: S3-FIFO, as Dexter does, beside the least recently used going first.

A trace of 200,000 reads: questions drawn by a Zipf law with exponent 0.9 over 20,000, and every 40,000 reads a scan, an
export that reads 10,000 others once. Printed: the share of the people's reads that were found, by the room there is.
Goal: never below LRU, and visibly above it while scans go on.
"""

from __future__ import annotations

import itertools
import random
from collections import OrderedDict

from dexter.stores.admission import Admission

QUESTIONS = 20_000
READS = 200_000
SCAN_EVERY = 40_000
SCAN = 10_000
EXPONENT = 0.9
ROOMS = (200, 1_000, 4_000)


def trace(seed: int = 7) -> list[tuple[int, bool]]:
    """Give the questions in order, and whether a person asked."""
    chance = random.Random(seed)
    weights = list(itertools.accumulate(1 / (rank + 1) ** EXPONENT for rank in range(QUESTIONS)))
    asked: list[tuple[int, bool]] = []
    scanned = itertools.count(QUESTIONS)
    for number, question in enumerate(chance.choices(range(QUESTIONS), cum_weights=weights, k=READS)):
        asked.append((question, True))
        if number % SCAN_EVERY == SCAN_EVERY // 2:
            asked += [(next(scanned), False) for _ in range(SCAN)]
    return asked


def lru(asked: list[tuple[int, bool]], room: int) -> float:
    """Give the share of people's reads found when the least recently used goes first."""
    kept: OrderedDict[int, None] = OrderedDict()
    hits = 0
    for question, person in asked:
        if question in kept:
            hits += person
            kept.move_to_end(question)
            continue
        kept[question] = None
        if len(kept) > room:
            kept.popitem(last=False)
    return hits / READS


def s3_fifo(asked: list[tuple[int, bool]], room: int) -> float:
    """Give the share of people's reads found with Dexter's admission."""
    admission, kept = Admission(room), set[str]()
    hits = 0
    for number, person in asked:
        question = str(number)
        if question in kept:
            hits += person
            admission.used(question)
            continue
        admission.add(question, 1)
        kept.add(question)
        while len(kept) > room:
            kept.discard(admission.next_to_go())
    return hits / READS


def main() -> dict[str, dict[str, float]]:
    """Print the table and give its figures, by room."""
    asked = trace()
    found: dict[str, dict[str, float]] = {}
    print(f"{'room':>8}{'LRU':>10}{'S3-FIFO':>10}{'ratio':>8}")
    for room in ROOMS:
        old, new = lru(asked, room), s3_fifo(asked, room)
        found[str(room)] = {"lru": old, "s3_fifo": new}
        print(f"{room:>8}{old:>10.1%}{new:>10.1%}{new / old:>8.2f}")
    return found
