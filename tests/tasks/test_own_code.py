"""The hash of one's own modules: what it covers, and who is said to have another."""

from __future__ import annotations

import json
import shutil

import pytest
from flwr.app import ConfigRecord, RecordDict

from anml_fl.run.code_hash import code_hash
from anml_fl.run.manifest import Manifest, kept_run
from anml_fl.run.own_code import module_hash, own_code, shared_code
from anml_fl.settings.reading import from_flat
from strategies import protocol
from strategies.screening import _modules

A, B, C = "a" * 64, "b" * 64, "c" * 64


def test_a_package_is_hashed_as_a_whole_and_a_lone_module_by_its_file(place, tmp_path):
    before = module_hash("quickstart.task"), module_hash("pairs")
    (place / "quickstart" / "model.py").write_text("WIDTH = 3\n")
    (place / "unrelated.py").write_text("WIDTH = 3\n")
    assert module_hash("quickstart.task") != before[0]
    assert module_hash("pairs") == before[1]
    # By its file, and wherever the package lies.
    moved = shutil.copytree(place / "quickstart", tmp_path / "elsewhere" / "quickstart")
    assert module_hash("quickstart.task", str(moved / "task.py")) == module_hash(
        "quickstart.task"
    )
    assert module_hash("nowhere") == module_hash("nowhere.task") == ""


def test_each_module_that_a_run_names_is_hashed_apart_from_the_projects_code(place, write):
    write("my_attack")
    settings = {
        "task": "pairs",
        "behaviours": "my_attack:flip=1",
        "strategies": "fedavg,my_rule:one",
    }
    ours = code_hash()
    assert list(own_code(from_flat(settings))) == ["my_attack", "pairs"]
    assert list(shared_code("pairs", "digits", "mlp")) == ["pairs"]
    assert own_code(from_flat({})) == {}
    assert code_hash() == ours


def test_every_part_of_a_chain_is_hashed(place, write):
    write("my_rule")
    write("my_mixing")
    chain = "my_mixing:one+nnm+my_rule:one"
    assert list(own_code(from_flat({"strategies": chain}))) == ["my_mixing", "my_rule"]


def manifest(tmp_path, own):
    return Manifest(tmp_path, from_flat({}), C, own)


def said(tmp_path):
    return json.loads((tmp_path / "manifest.json").read_text())


def test_another_module_is_recorded_and_news_once(tmp_path):
    one = manifest(tmp_path, {"my.task": A})
    theirs = {"north": {"my.task": B, "unasked": B}, "south": {"my.task": A}}
    assert one.add({"north": C}, theirs) == [("north", "my.task", B)]
    assert one.add({}, theirs) == []
    assert said(tmp_path)["own"] == {
        "server": {"my.task": A},
        "contributors": {"north": {"my.task": B}, "south": {"my.task": A}},
    }
    assert said(tmp_path)["code"]["contributors"] == {"north": C}
    # A run that goes on has said it; another module again is news.
    again = manifest(tmp_path, {"my.task": A})
    assert again.changed == {}
    assert again.add({}, theirs) == []
    assert again.add({}, {"north": {"my.task": C}}) == [("north", "my.task", C)]


def test_what_the_server_had_before_stays_in_the_manifest(tmp_path):
    manifest(tmp_path, {"my.task": A})
    assert manifest(tmp_path, {"my.task": B}).changed == {"my.task": A}
    assert manifest(tmp_path, {"my.task": C}).changed == {"my.task": B}
    assert manifest(tmp_path, {"my.task": C}).changed == {}
    assert said(tmp_path)["own"]["earlier"] == {"my.task": [A, B]}


@pytest.mark.parametrize("text", ["", "[]", '{"code": 3}', '{"own": {"server": {"x": 1}}}'])
def test_a_damaged_manifest_is_written_anew(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    assert kept_run(tmp_path) == ""
    assert manifest(tmp_path, {"my.task": A}).changed == {}
    assert said(tmp_path)["own"]["server"] == {"my.task": A}


def test_of_what_a_reply_says_only_hashes_count_and_only_so_many():
    told = {"my.task": A, "other": "no hash", "n" * 500: B, "count": 3}
    content = RecordDict({protocol.OWN: ConfigRecord(told)})
    assert _modules(content) == {"my.task": A, "n" * 100: B}
    many = {f"module{i}": A for i in range(100)}
    assert len(_modules(RecordDict({protocol.OWN: ConfigRecord(many)}))) == 8
    assert _modules(RecordDict()) == {}
