"""A finished run whose models, updates or folders were edited: each edit is found."""

from __future__ import annotations

import pytest
from safetensors.numpy import load_file, save

R = "anml/rounds.jsonl"


def exchanged(updates):
    updates[[0, 1]] = updates[[1, 0]]


EDITS = {
    # Models.
    "a bit of fedavg's": (
        lambda run: run.one_bit("fedavg/model.safetensors"),
        "fedavg/model.safetensors was altered",
    ),
    "paid model exchanged": (
        lambda run: run.swap("fedavg/model.safetensors", "anml/model.safetensors"),
        "anml/model.safetensors was",
    ),
    "a model's metadata": (
        lambda run: (run.folder / "anml/model.safetensors").write_bytes(
            save(load_file(run.folder / "anml/model.safetensors"), metadata={"by": "me"})
        ),
        "anml/model.safetensors was altered",
    ),
    "a model is garbage": (
        lambda run: run.whole("anml/model.safetensors", lambda c: b"garbage"),
        "anml/model.safetensors is no model",
    ),
    "a model removed": (
        lambda run: run.removed("median/model.safetensors"),
        "median/model.safetensors is missing",
    ),
    # Updates.
    "whose update": (
        lambda run: run.update(1, exchanged),
        "anml/updates/0001.safetensors was altered",
    ),
    "a contributor's name": (
        lambda run: run.text(
            "anml/updates/0001.safetensors", b"contributor-0000", b"contributor-9999"
        ),
        "anml/updates/0001.safetensors was altered",
    ),
    "updates removed": (
        lambda run: run.removed("anml/updates/0003.safetensors"),
        "anml/updates/0003.safetensors is missing",
    ),
    "updates more": (
        lambda run: run.copied(
            "anml/updates/0003.safetensors", "anml/updates/0004.safetensors"
        ),
        "anml/updates/0004.safetensors is there",
    ),
    "updates of fedavg": (
        lambda run: run.copied(
            "anml/updates/0001.safetensors", "fedavg/updates/0001.safetensors"
        ),
        "fedavg/updates/0001.safetensors is there",
    ),
    # What else lies there.
    "updates of another form": (
        lambda run: run.copied("config.toml", "anml/updates/0004.npz"),
        "anml/updates/0004.npz is no file of a finished run",
    ),
    "updates further down": (
        lambda run: run.copied(
            "anml/updates/0003.safetensors", "anml/updates/x/0004.safetensors"
        ),
        "anml/updates/x is no file of a finished run",
    ),
    "a checkpoint": (
        lambda run: run.copied("anml/model.safetensors", "anml/checkpoint.safetensors"),
        "anml/checkpoint.safetensors is no file of a finished run",
    ),
    "a folder for a file": (
        lambda run: (run.folder / "fedavg/.hidden").mkdir(),
        "fedavg/.hidden is no file of a finished run",
    ),
    "a strategy's folder leads elsewhere": (
        lambda run: run.linked("fedavg"),
        "fedavg is a link: a run holds its files itself",
    ),
    "the updates lead elsewhere": (
        lambda run: run.linked("anml/updates"),
        "anml/updates is a link",
    ),
    "a model leads elsewhere": (
        lambda run: run.linked("median/model.safetensors"),
        "median/model.safetensors is a link",
    ),
    "a strategy's folder more": (
        lambda run: run.copied(R, "krum/rounds.jsonl"),
        "krum/rounds.jsonl is of no strategy of this run",
    ),
}
OLDER = ["paid model exchanged", "a strategy's folder more", "updates more"]


@pytest.mark.parametrize("edit", EDITS)
def test_every_edit_is_found_and_its_place_named(run, found, edit):
    found(run, *EDITS[edit])


@pytest.mark.parametrize("edit", OLDER)
def test_what_an_older_ledger_or_its_settings_tell_is_checked(older, found, edit):
    change, place = EDITS[edit]
    found(older, change, place.split(":")[0].split(" was")[0])
