"""What is done with each state of the code: folders of commands, the longest first."""

from __future__ import annotations

from typing import Any, NamedTuple

Words = tuple[str, ...]


class Case(NamedTuple):
    """Commands that share a folder.

    `commands` are words with, after how many checkpoints the command is killed (0: never).
    !help, !copy FROM TO and !append FILE TEXT are the driver's own; {reference} and {keys} are
    folders. In cases that `fail` a command may end with another status than 0.
    """

    name: str
    commands: tuple[tuple[Words, int], ...]
    fail: bool = False

    def filled(self, **folders: str) -> dict[str, Any]:
        """Give what the driver reads, with the folders' names put in."""
        commands = [
            ([word.format(**folders) if word[:1] == "{" else word for word in words], stop)
            for words, stop in self.commands
        ]
        return {"name": self.name, "commands": commands}


def case(name: str, text: str, *, fail: bool = False) -> Case:
    """Read a command a line; "KILLED n: " before it stops it after n checkpoints."""
    commands = []
    for line in filter(None, map(str.strip, text.replace("\\\n", "").split("\n"))):
        stop, words = 0, line
        if line.startswith("KILLED "):
            stop, words = int(line[7]), line[9:]
        commands.append((tuple(words.split()), stop))
    return Case(name, tuple(commands), fail)


AFTERWARDS = """
!copy run/report.html first.html
resume run
run {preset} --out run
verify run
verify run --json
ledger verify run
ledger verify run --json
ledger show run
ledger show run --json
ledger export run --out ledger.csv
ledger export run --format json --out ledger.json
ledger export run --format parquet --out ledger.parquet
attribution run
report run
verify run
"""
SHORT = "--engine inline --rounds 2"
PRESETS = {
    "annotators": f"{SHORT} --local-epochs 1",
    "writers": f"{SHORT} --local-epochs 1",
    "label-skew": SHORT,
    "forged-credentials": "--engine inline --rounds 2 --local-epochs 4",
    "no-attackers": "--engine inline --rounds 2 --local-epochs 4",
    "default": "--engine inline --rounds 3 --local-epochs 4 --max-age 4",
    "reputation": "--engine inline --rounds 5 --turn-round 3 --good-rounds 1 --bad-rounds 1",
    "hospitals": SHORT,
}
# So many contributors' Shapley values take a minute.
MANY = ("annotators", "writers")
STRATEGIES = (
    "fedavg krum multikrum q_only bulyan median trimmed_mean anml softmax_blend multiplicative"
    " oracle"
)
SMALL = "--engine inline --dataset wine --contributors 12 --local-epochs 2 --rounds 3"
BEHAVIOURS = "label_flip gradient_aligned credential_faking compromised_issuer joint newcomer"
EVERYTHING = " ".join(
    [
        SMALL,
        *(f"--strategy {one}" for one in STRATEGIES.split()),
        *(f"--behaviour {one}=1" for one in f"{BEHAVIOURS} turncoat on_off".split()),
        "--turn-round 2 --good-rounds 1 --bad-rounds 1 --n-byzantine 2 --reputation",
    ]
)
KEPT = f"{SMALL} --strategy fedavg --strategy anml --behaviour compromised_issuer=1"
REGISTRY = r"""
registry add issuer U --key {keys}/issuer.key.pub --level peer-reviewed --until 2031-01-01
registry add contributor --key {keys}/node.pub --name Hospital --domain news --id hospital
registry add contribution hospital --data {keys}/node.pub --size 12 --collected 2025-01-01
registry attest hospital --sign-with {keys}/issuer.key --issuer U --level peer-reviewed \
  --expires 2030-01-01
registry show hospital
registry show hospital --json
registry flag hospital --reason doubtful
registry revoke issuer 0000 --reason lost
"""
LISTS = "".join(
    f"registry list {what}{tail}\n"
    for what in ("contributors", "contributions", "issuers", "attestations", "revocations")
    for tail in (" --database kept.db", " --database kept.db --json")
)
WRONG = """
nothing
run --no-such-option
run nopreset
run --rounds 0
run --rounds many
run --dataset nope
run --behaviour honest
run --behaviour unheard_of=1
run --contributors 4 --behaviour label_flip=5
run --strategy nope
run --tau-h 2
run --partition dirichlet:x
run --engine deployment
run --device warp
run --flip-target 3 --flip-offset 1
run --dataset wine --flip-target 7
run --dataset wine --partition natural
run --dataset wine --model cnn
run --gold 3
run --database postgresql://me:word@host/d
resume .
verify .
verify nowhere
report .
attribution .
ledger verify .
ledger show .
registry list
registry show nobody
registry signals
study run nope
study run table-7 --set betta=1
study report
submit .
"""

STUDIES = """
table-5 table-7 table-8 table-9 table-10 table-11 table-12 table-13 table-14 table-15 table-16
table-17 table-18 figure-6 appendix-a1 appendix-a2 q-fit-length baselines approximations
gate-stage1 gate-rho zero-attack sampling feature-drift exploration temperature regression
overhead label-skew contributor-updates contributor-curves contributor-skew hospitals
annotators annotators-federation writers
"""
CASES = (
    *(
        case(
            f"preset-{name}",
            f"run {name} {options} --out run\n{AFTERWARDS}".replace(
                "{preset}", f"{name} {options}"
            ).replace("attribution run\n", "" if name in MANY else "attribution run\n"),
        )
        for name, options in PRESETS.items()
    ),
    case("everything", f"run {EVERYTHING} --out run\nverify run\nattribution run --json"),
    case(
        "stopped",
        f"KILLED 5:run {KEPT} --reputation --out run\n!copy run stopped\nverify run --open\n"
        "ledger verify run --open\nreport run\nresume run\nverify run\n",
        fail=True,
    ),
    case(
        "database",
        "registry add issuer U --key {keys}/issuer.key.pub --level peer-reviewed"
        " --until 2031-01-01 --database kept.db\n"
        f"run {KEPT} --reputation --database kept.db --simulated --out run\n"
        f"verify run\n{LISTS}"
        "registry signals --database kept.db\n",
    ),
    case(
        "altered",
        f"run {KEPT} --out run\n!append run/fedavg/rounds.jsonl x\nverify run\nreport run\n"
        "verify run --json\n!append run/ledger.jsonl x\nledger verify run\nattribution run\n",
        fail=True,
    ),
    case("registry", REGISTRY, fail=True),
    case("wrong-words", WRONG, fail=True),
    case("help", "!help\n--version\nstudy list\nstudy settings\nstudy settings table-16"),
    case("study-pages", "!copy {reference}/docs/results r\nstudy report --results r --to p"),
    *(
        case(
            f"study-{name}",
            f"study run {name} --profile quick --jobs 1 --out s",
        )
        for name in STUDIES.split()
    ),
)
