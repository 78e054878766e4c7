"""Fuzzing: mutated bytes, cases that can be run again by their number, and the table of what became of them."""

from __future__ import annotations

import argparse
import random
import resource
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

SECONDS = 2.0  # of processor time in one case
BYTES = 200 << 20  # more than before the first case, in all
UNDEFINED = (1 << 64) - 1
WORDS = [0, 1, 2, 8, 16, 255, 256, 65535, 65536, 1 << 20, 1 << 31, (1 << 32) - 1, 1 << 40, 1 << 63, UNDEFINED]

# What became of a case: "read", "refused" or "WRONG", and the reason.
Attempt = Callable[[random.Random, int], tuple[str, str]]


@dataclass
class Outcome:
    """What became of the cases."""

    seeds: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    slowest_case: int = -1
    memory: int = 0
    wrong: list[str] = field(default_factory=list)


def mutated(data: bytes, addresses: list[int], chance: random.Random) -> bytes:
    """The file with one to six things changed. addresses: where words that look like addresses or sizes stand in it."""
    changed = bytearray(data)
    for _ in range(chance.choice([1, 1, 1, 2, 3, 6])):
        kind = chance.random()
        if kind < 0.3:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        elif kind < 0.4:
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        elif kind < 0.75 and addresses:
            at = chance.choice(addresses)
            near = [len(data), len(data) - 1, chance.randrange(len(data)), _word(data, addresses, chance)]
            word = chance.choice([*WORDS, *near])
            _put(changed, at, struct.pack("<Q", word)[: chance.choice([8, 8, 4, 2])])
        elif kind < 0.85:
            size, begin = chance.choice([4, 8, 16, 40, 100]), chance.randrange(len(data))
            _put(changed, chance.randrange(len(changed)), data[begin : begin + size])
        elif kind < 0.95:
            size = chance.choice([1, 2, 4, 8])
            word = chance.choice(WORDS) & (1 << 8 * size) - 1
            _put(changed, chance.randrange(len(changed)), word.to_bytes(size, "little"))
        else:
            del changed[chance.randrange(1, max(2, len(changed))) :]
    return bytes(changed)


def _word(data: bytes, addresses: list[int], chance: random.Random) -> int:
    return int.from_bytes(data[(at := chance.choice(addresses)) : at + 8], "little")


def _put(changed: bytearray, at: int, piece: bytes) -> None:
    end = min(len(changed), at + len(piece))
    if at < end:
        changed[at:end] = piece[: end - at]


def addresses_in(data: bytes) -> list[int]:
    """Where the file has eight bytes that could be an address or a size in it, and are not zero."""
    return [at for at in range(0, len(data) - 8) if 0 < int.from_bytes(data[at : at + 8], "little") <= len(data)]


def peak_memory() -> int:
    """The most bytes that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def run(cases: int, seed: int, seeds: int, attempt: Attempt) -> Outcome:
    """Run so many cases. Each is drawn from (seed, its number) alone, so that any can be run again."""
    outcome, before = Outcome(seeds), peak_memory()
    for case in range(cases):
        chance = random.Random(f"{seed}/{case}")
        begin = time.process_time()
        kind, reason = attempt(chance, case)
        seconds = time.process_time() - begin
        outcome.outcomes[kind] += 1
        outcome.reasons["".join("#" if letter.isdigit() else letter for letter in reason)[:60]] += 1
        if seconds > outcome.slowest:
            outcome.slowest, outcome.slowest_case = seconds, case
        if kind == "WRONG" or seconds > SECONDS:
            outcome.wrong.append(f"case {case} of seed {seed}: {reason or 'slow'}, {seconds:.2f} s")
    outcome.memory = peak_memory() - before
    if outcome.memory > BYTES:
        outcome.wrong.append(f"{outcome.memory:,} bytes of memory")
    return outcome


def assert_well(outcome: Outcome) -> None:
    """No case went wrong, and the mutations do reach the reader's checks."""
    cases = sum(outcome.outcomes.values())
    assert not outcome.wrong, "\n".join(outcome.wrong)
    assert outcome.outcomes["refused"] > cases // 4
    assert outcome.outcomes["read"] > cases // 20


def main(explained: str | None, fuzz: Callable[[int, int], Outcome]) -> int:
    """The command line: 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=explained, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    outcome = fuzz(given.cases, given.seed)
    print(f"{given.cases:,} cases of seed {given.seed} over {outcome.seeds} files")
    for kind, count in outcome.outcomes.most_common():
        print(f"| {kind} | {count:,} |")
    print(f"| slowest case ({outcome.slowest_case}) | {outcome.slowest:.3f} s |")
    print(f"| memory beyond the start | {outcome.memory / 1e6:.0f} MB |")
    for reason, count in outcome.reasons.most_common(60):
        print(f"  {count:8,}  {reason or '(read)'}")
    for wrong in outcome.wrong[:50]:
        print("WRONG:", wrong)
    return 1 if outcome.wrong else 0
