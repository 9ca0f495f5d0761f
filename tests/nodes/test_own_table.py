"""A node that has its own table trains on it, and on nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from flwr.app import ConfigRecord, MessageType

from anml_fl.models.build import build
from anml_fl.models.state import arrays_of, load_arrays
from anml_fl.seeding import stream
from anml_fl.settings.reading import from_flat
from anml_fl.tables.schema import NumberColumn, TableSchema
from anml_fl.tables.schema_file import schema_hash, schema_text
from anml_fl.tables.statistics import Scales
from strategies.instruction import attribute, instruct
from strategies.transport import Transport


def trained(sites, grid=None, config=None):
    """Ask all nodes to train; contributor to reply, and to why there is none."""
    grid = grid or sites.grid()
    config = sites.agreed() if config is None else config
    asked = instruct(sites.roster(grid), MessageType.TRAIN, 1, config, sites.arrays())
    replies = list(grid.send_and_receive([one.message for one in asked]))
    credited, left_out, refused = attribute(asked, replies)
    assert refused == ()
    return credited, left_out


def encoded(rows, centre=50.0, spread=12.5):
    """Encode rows by hand: age, smoker, ward A, ward B, another ward."""
    features = [
        [(float(age) - centre) / spread, s == "y", w == "A", w == "B", False]
        for age, s, w, _, _ in rows
    ]
    labels = [outcome == "sick" for *_, outcome in rows]
    return np.array(features, np.float32), np.array(labels, np.int64)


def by_hand(sites, site, rows, epochs=2):
    """Train with plain torch, in the order of the run's own stream."""
    model = build("mlp", 5, None, 2, seed=0)
    load_arrays(model, sites.model())
    features, labels = map(torch.from_numpy, encoded(rows))
    rng = stream(7, "training", site, "1")
    training = sites.config.training
    optimiser = torch.optim.SGD(model.parameters(), lr=training.learning_rate)
    for _ in range(epochs):
        for batch in torch.from_numpy(rng.permutation(labels.numel())).split(
            training.batch_size
        ):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(model(features[batch]), labels[batch]).backward()
            optimiser.step()
    return arrays_of(model)


def with_test_table(sites):
    flat = {**sites.config.to_flat(), "test": "test.csv"}
    sites.config = from_flat(flat)
    return sites


def test_with_a_test_table_at_the_server_all_rows_are_trained_on(sites):
    credited, left_out = trained(with_test_table(sites))
    assert left_out == {}
    for site, reply in credited.items():
        rows = sites.tables[site]
        assert reply.content["metrics"]["num-examples"] == len(rows)
        for name, expected in by_hand(sites, site, rows).items():
            np.testing.assert_allclose(
                reply.content["arrays"][name].numpy(), expected, atol=1e-6
            )


def test_without_one_a_fifth_of_each_sites_rows_is_held_back(sites):
    credited, left_out = trained(sites)
    assert left_out == {}
    sizes = {site: one.content["metrics"]["num-examples"] for site, one in credited.items()}
    assert sizes == {"north": 32, "south": 40, "west": 48}


def test_which_rows_are_held_back_is_not_the_servers_to_say(sites):
    """One batch and one epoch: the update is the same whatever the order of the same rows."""
    once = {"local-epochs": 1, "batch-size": 1000}
    updates = []
    for seed, name in ((7, "north"), (8, "north"), (7, "another")):
        sites.config = from_flat({**sites.config.to_flat(), **once, "seed": seed})
        sites.roster = lambda grid, name=name: dict(
            zip(grid.get_node_ids(), (name, "south", "west"), strict=True)
        )
        updates.append(trained(sites)[0][name].content["arrays"])
    first, *others = updates
    for other in others:
        for n in first:
            np.testing.assert_allclose(first[n].numpy(), other[n].numpy(), atol=1e-6)


def test_a_table_that_changes_is_read_again(sites):
    grid = sites.grid()
    trained(sites, grid)
    sites.tables["north"] = sites.tables["north"][:20]
    sites.write("north")
    assert trained(sites, grid)[0]["north"].content["metrics"]["num-examples"] == 16


def test_other_scales_lead_to_another_update(sites):
    before = trained(sites)[0]["west"].content["arrays"]
    sites.scales = Scales((40.0,), (3.0,))
    after = trained(sites)[0]["west"].content["arrays"]
    assert any((before[n].numpy() != after[n].numpy()).any() for n in before)


def test_packed_models_are_trained_alike(sites):
    layout = Transport(packed=True).layout(sites.arrays())
    arrays, config = Transport(packed=True).sent(sites.arrays(), layout, sites.agreed())
    grid = sites.grid()
    asked = instruct(sites.roster(grid), MessageType.TRAIN, 1, config, arrays)
    replies = list(grid.send_and_receive([one.message for one in asked]))
    plain = trained(sites)[0]
    for site, reply in attribute(asked, replies)[0].items():
        joined = b"".join(
            plain[site].content["arrays"][n].numpy().tobytes() for n in layout.names
        )
        assert reply.content["arrays"]["packed"].numpy().tobytes() == joined


def test_a_column_that_says_whose_rows_they_are_is_passed_over(sites):
    agreed = sites.schema.model_copy(update={"site": "hospital"})
    expected = trained(sites)[0]["north"].content["arrays"]
    for site in sites.tables:
        (sites.folder / site / "schema.toml").write_text(schema_text(agreed))
    lines = sites.file("north").read_text().splitlines()
    told = [f"{line},{'hospital' if not i else i % 3}" for i, line in enumerate(lines)]
    sites.file("north").write_text("\n".join(told) + "\n")
    sites.schema = agreed
    found, left_out = trained(sites)
    # The others have no such column, and need none.
    assert left_out == {}
    for name, array in found["north"].content["arrays"].items():
        np.testing.assert_array_equal(array.numpy(), expected[name].numpy())


def test_another_schema_is_refused_and_the_nodes_own_not_told(sites):
    other = TableSchema(
        label=sites.schema.label, columns=(NumberColumn(name="age", low=0, high=99),)
    )
    (sites.folder / "south" / "schema.toml").write_text(schema_text(other))
    credited, left_out = trained(sites)
    assert set(credited) == {"north", "west"}
    said = left_out["south"]
    assert "this node has another than the server: ask for the server's schema.toml" in said
    assert schema_hash(other)[:12] not in said


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (ConfigRecord({}), "the server's run learns from no agreed schema"),
        ({"centres": [1.0, 2.0]}, "1 columns to standardise"),
        ({"centres": [float("nan")]}, "1 columns to standardise"),
        ({"spreads": [0.0]}, "1 columns to standardise"),
        ({"centres": "a"}, "1 columns to standardise"),
    ],
)
def test_what_a_server_has_not_agreed_on_stands_in_the_nodes_log(sites, config, said, caplog):
    if isinstance(config, dict):
        config = ConfigRecord({**sites.agreed(), **config})
    told = trained(sites, config=config)[1]["north"]
    assert told == "error 2: EgressError: ConfigError; the node's log says more"
    assert said in caplog.text


def test_a_node_without_a_table_is_told_how_to_join(sites):
    grid = sites.grid(data="", schema="")
    assert "`anml join --data FILE`" in trained(sites, grid)[1]["north"]


def test_a_node_without_a_schema_is_told_which_file_it_needs(sites):
    said = trained(sites, sites.grid(schema=""))[1]["west"]
    assert "the file that the server's owner gave out" in said


def test_behaviours_are_honest_unless_the_node_says_otherwise(sites):
    flat = {**sites.config.to_flat(), "behaviours": "label_flip=3"}
    honest = trained(sites)[0]["north"].content["arrays"]
    sites.config = from_flat(flat)
    still = trained(sites)[0]["north"].content["arrays"]
    flipped = trained(sites, sites.grid(behaviour="label_flip"))[0]["north"].content["arrays"]
    assert all((honest[n].numpy() == still[n].numpy()).all() for n in honest)
    assert any((honest[n].numpy() != flipped[n].numpy()).any() for n in honest)


def test_a_bad_cell_is_told_to_its_owner_and_to_nobody_else(sites, caplog):
    row = list(sites.tables["south"][3])
    row[0] = "6173.51"
    sites.tables["south"][3] = tuple(row)
    sites.write("south")
    credited, left_out = trained(sites)
    assert set(credited) == {"north", "west"}
    said = left_out["south"]
    assert said == "error 2: EgressError: TableError; the node's log says more"
    for word in ("6173", "age", str(sites.folder), "patients"):
        assert word not in said
    (told,) = [one.getMessage() for one in caplog.records if "6173.51" in one.getMessage()]
    for word in ("this node's table", "line 5", "column age", "0 to 130"):
        assert word in told


def test_a_schema_that_cannot_be_read_names_its_folder_to_the_owner_alone(sites, caplog):
    (sites.folder / "west" / "schema.toml").unlink()
    said = trained(sites)[1]["west"]
    assert "TableError" in said
    assert str(sites.folder) not in said
    assert str(sites.folder / "west" / "schema.toml") in caplog.text


def test_no_cell_stands_in_a_reply_or_a_log(sites, caplog):
    sites.tables["west"][0] = (*sites.tables["west"][0][:4], "maybe")
    sites.write("west")
    credited, left_out = trained(sites)
    assert set(credited) == {"north", "south"}
    text = " ".join(map(str, (left_out, *(one.content for one in credited.values()))))
    text += caplog.text
    assert not [cell for cell in sites.cells() if cell in text]


@pytest.mark.parametrize(
    "content",
    [
        b"age,smoker,ward,note,outcome\n61,y,A,Z\xfcrich,sick\n",
        b"",
        b"age\n61\n",
        b"\x00\x01\x02",
        None,
    ],
)
def test_a_file_that_cannot_be_read_is_told_to_its_owner_alone(sites, content, caplog):
    file = sites.file("south")
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    credited, left_out = trained(sites)
    assert set(credited) == {"north", "west"}
    for word in (str(sites.folder), "patients", "61", "rich"):
        assert word not in left_out["south"]
    assert "this node's table" in caplog.text
    assert "patients.csv" in caplog.text
