"""What makes a study stale: the code that its numbers depend on, and nothing else."""

import shutil
import sys
import textwrap
from pathlib import Path

import pytest

from studies import closure, definitions
from studies.catalogue import STUDIES
from studies.closure import APART, Place, closure_of
from studies.settings import Settings
from studies.study import Study, Variant

CACHES = (
    closure.closure_of,
    closure._apart,
    closure._meanings,
    closure._said_by,
    definitions.module_named,
    definitions.project_module,
)
ASKED = ("table-7", "table-16", "hospitals", "label-skew", "annotators")
EVERY = set(ASKED)
FEDERATED = {"hospitals", "label-skew"}
TRAINED = {"table-16", *FEDERATED}  # models that the table of models has


@pytest.fixture
def forgotten():
    """What was read is read anew, before the test and after it."""
    for one in CACHES:
        one.cache_clear()
    yield
    for one in CACHES:
        one.cache_clear()


@pytest.fixture(scope="module")
def fresh():
    """Digests of some studies by the packages as they are."""
    return {name: closure_of(STUDIES[name]).digest for name in ASKED}


@pytest.fixture
def house(tmp_path, monkeypatch, fresh, forgotten):
    """A copy of the packages that a test may edit: says which studies an edit makes stale."""
    root = definitions.ROOT
    for name in definitions.PACKAGES:
        for file in (root / name).rglob("*.py"):
            copied = tmp_path / file.relative_to(root)
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copied)
    monkeypatch.setattr(definitions, "ROOT", tmp_path)

    def stale(*edits):
        for name, old, new in edits:
            file = tmp_path / name
            text = file.read_text()
            assert old in text
            file.write_text(text.replace(old, new) if old else text + new)
        return {name for name in ASKED if closure_of(STUDIES[name]).digest != fresh[name]}

    return stale


def files(*folders):
    return [
        str(file.relative_to(definitions.ROOT))
        for folder in folders
        for file in (definitions.ROOT / folder).rglob("*.py")
    ]


def test_a_copy_is_as_fresh_as_the_packages(house):
    assert house() == set()


def test_no_page_ledger_token_or_command_makes_a_study_stale(house):
    apart = files("anml_fl/page", "anml_fl/ledger", "anml_fl/commands", "server/report")
    apart += ["anml_fl/registry/jws.py", "anml_fl/registry/attestation.py"]
    assert len(apart) > 20
    # Even what importing them would do.
    assert (
        house(*((name, "", "\nADDED = print('changed')\nprint(ADDED)\n") for name in apart))
        == set()
    )


def test_no_table_of_ones_own_claim_or_worth_makes_a_study_stale(house):
    # Each of them is reached, and does nothing without a table, a node's data or --worth.
    apart = files("anml_fl/tables")
    apart += [f"clients/{name}.py" for name in ("claim", "egress", "leaving", "own_table")]
    apart += [f"anml_fl/{name}.py" for name in ("federation/own_table", "run/claims")]
    apart += [
        f"server/orchestration/{name}.py"
        for name in ("claims_log", "coalition", "common_scale", "data_checks", "worth")
    ]
    assert len(apart) > 40
    assert (
        house(*((name, "", "\nADDED = print('changed')\nprint(ADDED)\n") for name in apart))
        == set()
    )


@pytest.mark.parametrize(
    ("edit", "stale"),
    [
        (("anml_fl/method/krum.py", "def consistency(", "def consistency(more, "), EVERY),
        (("anml_fl/method/krum.py", "def krum_scores(", "def krum_scores(more, "), set()),
        (("anml_fl/method/blockwise_gram.py", "_NARROW = 32", "_NARROW = 33"), FEDERATED),
        (("anml_fl/method/sample_krum.py", "_SLACK = 8", "_SLACK = 9"), EVERY - FEDERATED),
        (("studies/own/hospitals.py", "rounds=8", "rounds=9"), {"hospitals"}),
        (("studies/paper/table_7.py", "Table 7", "Table Seven"), set()),
        # A study may have patience: which model is kept then is part of its numbers.
        (("anml_fl/run/best_round.py", "0 < self", "1 < self"), FEDERATED),
        (("anml_fl/run/criterion.py", "score < best", "score <= best"), FEDERATED),
        (("server/orchestration/kept_model.py", " == len(self._scores)", " > 1"), FEDERATED),
        (("clients/local_round.py", "rng = stream(", "rng = stream(*"), FEDERATED),
        # Of an open table only what a study names: rules, models, scenarios, behaviours.
        (("strategies/rules/median.py", "return ", "return -"), {"hospitals"}),
        (("strategies/rules/bulyan.py", "return ", "return -"), set()),
        (("strategies/rules/krum.py", "return ", "return -"), {"label-skew"}),
        (("anml_fl/models/architectures/mlp.py", "return ", "return -"), TRAINED),
        (("anml_fl/models/architectures/cnn.py", "return ", "return -"), {"table-16"}),
        # Nobody names it: it is what who has no other behaviour does.
        (("anml_fl/behaviours/honest.py", "Behaviour(", "Behaviour(1, "), FEDERATED),
        (("anml_fl/behaviours/joint.py", "Behaviour(", "Behaviour(1, "), set()),
    ],
)  # fmt: skip
def test_an_edit_makes_those_studies_stale_that_use_it(house, edit, stale):
    assert house(edit) == stale


def test_what_is_said_to_people_changes_nothing(house):
    edits = [
        ("studies/sample/recipe.py", "Epochs before q is taken.", "Epochs before that."),
        ("anml_fl/method/krum.py", '"""Turn Krum', '"""Make of Krum'),
        ("anml_fl/models/cohort.py", "epochs must not be negative", "epochs: one or more"),
        (
            "anml_fl/models/cohort.py",
            "    models, outputs, like = ",
            "    models: int\n    models, outputs, like = ",
        ),
        ("anml_fl/models/cohort.py", "# What is not finite predicts nothing.\n", "#\n"),
    ]
    assert house(*edits) == set()


def test_what_is_left_apart_is_there():
    for module in APART:
        path = definitions.ROOT.joinpath(*module.split("."))
        assert path.is_dir() or path.with_suffix(".py").is_file(), module


LAB = {
    "catalogue.py": "class Catalogue: pass",
    "tables.py": """
        from lab.catalogue import Catalogue
        RULES = Catalogue("rule", "lab.rules", "lab.rules")
        SHAPES = Catalogue("shape", package="lab.shapes")
        """,
    "rules/__init__.py": "",
    "rules/mean.py": "mean = 1",
    "rules/median.py": "from lab.sums import halves\nmedian = halves",
    "rules/worst.py": "worst = 3",
    "shapes/__init__.py": "",
    "shapes/round.py": "round = 1",
    "sums.py": "halves = 2\nunused = 1",
    "hooks.py": """
        from lab import sums
        HOOKS = []
        @HOOKS.append
        def hook(): return sums.halves
        """,
    "handed_on.py": "from lab.sums import halves",
    "work.py": """
        from typing import TYPE_CHECKING
        from lab import handed_on, hooks
        if TYPE_CHECKING:
            from lab.rules import worst
        def run(cell):
            import lab.tables as tables
            unused = [worst for worst in cell]
            return tables.RULES, tables.SHAPES, handed_on.halves, hooks.HOOKS, unused
        def variants(dataset):
            '''Not the worst.'''
            raise ValueError("the worst")
        """,
}


class Chosen(Settings):
    rule: str = "median"


@pytest.fixture
def lab(tmp_path, monkeypatch, forgotten):
    """Digest of a study whose code is outside of the packages, after edits of its files."""

    def digest(method="anything", **edits):
        for name, text in {**LAB, **edits}.items():
            file = tmp_path / "lab" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(text))
        for one in CACHES:
            one.cache_clear()
        return closure_of(study(method))

    def study(method):
        def run(cell):
            return []

        def variants(dataset):
            return (Variant("", Chosen(), (method,)),)

        for function in (run, variants):
            function.__module__, function.__qualname__ = "lab.work", function.__name__
        return Study("lab", "", "", {"wine": 1}, variants, run)

    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    return digest


def test_a_table_opens_at_the_names_that_the_configuration_has(lab):
    reached = lab("mean").reached
    assert {
        Place("lab.rules.mean", "mean"),
        Place("lab.rules.median", "median"),
    } <= reached.keys()
    assert Place("lab.rules.worst", "worst") not in reached
    assert Place("lab.rules.mean", "mean") not in lab("anything").reached
    # Of a table that nobody names an entry of, all.
    assert Place("lab.shapes.round", "round") in reached


def test_own_entries_of_a_table_are_reached_where_they_stand(lab):
    assert Place("lab.sums", "unused") in lab("lab.sums:unused").reached


def test_the_parts_of_a_chain_are_reached_one_by_one(lab):
    reached = lab("lab.sums:unused+lab.sums:halves;tau=1").reached
    assert {Place("lab.sums", "unused"), Place("lab.sums", "halves")} <= reached.keys()


@pytest.mark.parametrize(
    ("edits", "same"),
    [
        ({"sums.py": "halves = 3\nunused = 1"}, False),
        ({"sums.py": "halves = 2\nunused = 2"}, True),
        ({"rules/worst.py": "worst = 4"}, True),
        ({"rules/median.py": "from lab.sums import unused\nmedian = unused"}, False),
        ({"hooks.py": LAB["hooks.py"].replace("halves", "unused")}, False),
        ({"rules/__init__.py": "print(1)"}, False),
        ({"work.py": LAB["work.py"].replace("the worst", "no good")}, True),
        # Where a definition stands is no matter.
        ({"new.py": "halves = 2", "handed_on.py": "from lab.new import halves"}, True),
        ({"new.py": "halves = 9", "handed_on.py": "from lab.new import halves"}, False),
    ],
)
def test_code_of_ones_own_is_followed_as_the_packages_are(lab, edits, same):
    assert (lab(**edits).digest == lab().digest) is same


def test_a_name_that_cannot_be_seen_is_refused(lab):
    with pytest.raises(LookupError, match="handed_on has no halves"):
        lab(**{"handed_on.py": "globals().update(halves=2)"})


def test_a_name_that_a_module_gives_when_asked_is_followed_to_where_it_stands(lab):
    told = (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from lab.sums import halves"
    )
    given = f"{told} as halves\ndef __getattr__(name): ..."
    assert Place("lab.sums", "halves") in lab(**{"handed_on.py": given}).reached
    with pytest.raises(LookupError, match="handed_on has no halves"):
        lab(**{"handed_on.py": told})


def test_digest_is_the_same_in_every_process(lab):
    again = closure_of(STUDIES["table-7"]).digest
    closure.closure_of.cache_clear()
    assert closure_of(STUDIES["table-7"]).digest == again
    assert Path(sys.modules["studies.closure"].__file__).is_relative_to(definitions.ROOT)
