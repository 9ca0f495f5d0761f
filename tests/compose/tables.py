"""Tables full of canaries, and where these are found: for tables.sh, with Python alone.

make FOLDER SITE...     a table for each site, and the server's own; in every cell a canary
seen                    whose tables can be read in the container in which this runs
search FOLDER PLACE...  fail if a cell stands in a file below PLACE that is no table
"""

import csv
import os
import random
import re
import struct
import sys
from pathlib import Path

OURS = "ours"
# Nothing of ours is there, or it is the image's.
_SYSTEM = {"/proc", "/sys", "/dev", "/usr", "/opt/anml"}


def make(folder: Path, *sites: str) -> None:
    """Write the tables."""
    for number, name in enumerate((*sites, OURS)):
        drawn = random.Random(number)  # noqa: S311 - no secret
        path = (
            folder / f"{OURS}.csv" if name == OURS else folder / "sites" / name / f"{name}.csv"
        )
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(("age", "marker", "ward", "note", "ill"))
            for _ in range(150):
                ill = drawn.random() < 0.5
                age, marker = drawn.gauss(45 + 15 * ill, 6), drawn.gauss(1000 * ill, 300)
                note = f"canary-{name}-{drawn.randrange(10**12):012d}"
                ward = drawn.choice(("ward-a", "ward-b"))
                row = (f"{age:.9f}", f"{marker:.9f}", ward, note, ("no", "yes")[ill])
                table.writerow(row)
        path.chmod(0o600)


def seen() -> None:
    """Say whose tables are among the files that can be read."""
    whose = set()
    for top, folders, files in os.walk("/"):
        folders[:] = [one for one in folders if str(Path(top, one)) not in _SYSTEM]
        for one in files:
            path = Path(top, one)
            try:
                content = path.read_bytes() if path.is_file() else b""
            except OSError:
                continue
            whose.update(re.findall(rb"canary-([a-z]+)-\d{12}", content))
    print(*sorted(one.decode() for one in whose))


def search(folder: Path, *places: str) -> None:
    """Look for every cell as text, and for ages as numbers of 8 bytes."""
    marks = {}
    for path in (*folder.glob("sites/*/*.csv"), folder / f"{OURS}.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                whole = struct.pack("<d", float(row["age"]))
                texts = (row[name].encode() for name in ("age", "marker", "note"))
                marks |= dict.fromkeys((whole, *texts), path.stem)
    files = [one for place in places for one in Path(place).rglob("*") if one.is_file()]
    told, size = [], 0
    for path in files:
        # The server's own table.
        if path.match("federation/table/test.csv"):
            continue
        content = path.read_bytes()
        size += len(content)
        words = set(re.findall(rb"canary-[a-z]+-\d{12}|-?\d+\.\d{9}", content))
        # Ages lie between 16 and 128: so their last two bytes.
        words |= {
            content[end - 8 : end]
            for end in (one.end() for one in re.finditer(rb"[\x30-\x60]\x40", content))
        }
        whose = {marks[one] for one in words & marks.keys()}
        told += [f"  {path}: {name}" for name in sorted(whose)]
    print(f"{len(marks)} marks of cells; {len(files)} files, {size >> 20} MiB: found in")
    print(*told or ["  none"], sep="\n")
    sys.exit(bool(told))


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    match what:
        case "make":
            make(Path(rest[0]), *rest[1:])
        case "seen":
            seen()
        case "search":
            search(Path(rest[0]), *rest[1:])
