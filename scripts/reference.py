"""Asks the reference package and ours the same cases, and shows where they differ.

What `fuzz_templates.py` and `fuzz_datafiles.py` share. Both sides read one JSON object a line and
print one a line. Ours is `birdhouse debug …`, built first unless `--ours` names a binary.
"""

import argparse
import collections
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--oracle", nargs=2, required=True, metavar=("PYTHON", "SCRIPT"))
    parser.add_argument("--ours", metavar="BIRDHOUSE", help="the binary (default: built)")
    parser.add_argument("--cases", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=20, help="disagreements to print of each group")
    parser.add_argument("--file", help="take the cases from a file of JSON lines instead")
    return parser.parse_args()


def cases(options, generator):
    if not options.file:
        return [generator.case(number) for number in range(options.cases)]
    with open(options.file, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def answers(options, cases, oracle_arguments, our_arguments):
    """Returns what the reference and ours say, in the order of the cases."""
    ours = options.ours
    if not ours:
        subprocess.run(["cargo", "build", "-q", "-p", "birdhouse"], cwd=ROOT, check=True)
        target = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
        ours = os.path.join(target, "debug", "birdhouse")
    python, script = options.oracle
    # Messages of the reference print sets, whose order is that of the hashes.
    environment = dict(os.environ, PYTHONHASHSEED="0")
    # It puts variables into names of nodes whatever it is told.
    environment.pop("HOME", None)
    wanted = run([python, "-W", "ignore", script, *oracle_arguments], cases, environment)
    return wanted, run([ours, "debug", *our_arguments], cases, None)


def run(command, cases, environment):
    text = "\n".join(json.dumps(case) for case in cases)
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed: {done.stderr[-2000:]}")
    return [json.loads(line) for line in done.stdout.rstrip("\n").split("\n")]


def report(options, different, known, outcomes):
    """Prints disagreements in groups, shortest text first, and how often known ones were seen.

    `different` maps the name of a group to (text, the other fields of the case, wanted, got).
    Returns the exit status: 0 when nothing differs, but for what is known.
    """
    for group in sorted(different, key=lambda group: -len(different[group])):
        found = sorted(different[group], key=lambda entry: len(entry[0]))
        print(f"== {group}: {len(found)}")
        for text, others, want, got in found[: options.show]:
            print(f"{text!r} {others}")
            print("   want", json.dumps(want, ensure_ascii=False)[:600])
            print("   got ", json.dumps(got, ensure_ascii=False)[:600])
    for name, count in collections.Counter(known).most_common():
        print(f"known difference, {count} times: {name}")
    count = sum(len(found) for found in different.values())
    total = sum(outcomes.values())
    print(f"{total} cases, {count} disagreements; the reference: {dict(outcomes.most_common())}")
    return 1 if count else 0
