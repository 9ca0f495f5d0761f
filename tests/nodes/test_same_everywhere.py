"""Three nodes with three files learn what one process learns that has all of them."""

from __future__ import annotations

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, ConfigRecord

from anml_fl.federation.run_task import task_of
from anml_fl.settings.reading import from_flat
from anml_fl.tables.schema_file import schema_text
from anml_fl.tables.statistics import combined
from clients.app import app
from server.engines.inline_grid import InlineGrid
from strategies.agreement import agreement
from strategies.claims import ask_claims
from strategies.instruction import attribute, instruct
from strategies.statistics_query import ask_statistics

HEAD = "age,smoker,ward,note,outcome"


def trained(grid, roster, arrays, config):
    sent = instruct(roster, "train", 1, config, arrays)
    credited, left_out, _ = attribute(sent, grid.send_and_receive([x.message for x in sent]))
    assert left_out == {}
    return {
        site: {n: a.numpy() for n, a in reply.content["arrays"].items()}
        for site, reply in credited.items()
    }


def together(sites, tested=""):
    """All rows in one table, which says whose each is; in one process."""
    rows = [
        ",".join((*row, site))
        for turn in range(60)
        for site, table in sites.tables.items()
        for row in table[turn : turn + 1]
    ]
    path = sites.folder / "all.csv"
    path.write_text("\n".join([f"{HEAD},hospital", *rows]) + "\n")
    schema = sites.schema.model_copy(update={"site": "hospital"})
    (sites.folder / "schema.toml").write_text(schema_text(schema))
    flat = {
        **sites.config.to_flat(),
        "data": str(path),
        "label": "outcome",
        "by": "hospital",
        "schema": str(sites.folder / "schema.toml"),
        "partition": "natural",
        "names": "",
        "test": tested,
    }
    return from_flat(flat)


@pytest.mark.parametrize("test_table", [False, True])
def test_updates_and_claims_are_the_same(sites, test_table):
    tested = ""
    if test_table:
        tested = str(sites.folder / "test.csv")
        rows = [",".join((*row, "north")) for row in sites.tables["south"][:20]]
        (sites.folder / "test.csv").write_text("\n".join([f"{HEAD},hospital", *rows]) + "\n")
        sites.config = from_flat({**sites.config.to_flat(), "test": tested})
    config = together(sites, tested)
    task = task_of(config)
    assert sorted(task.data.names) == sorted(sites.tables)
    arrays = ArrayRecord({n: Array(a) for n, a in sites.model(seed=5).items()})

    nodes = sites.grid()
    roster = sites.roster(nodes)
    told = ask_statistics(nodes, roster, sites.schema, 10.0)
    assert told.left_out == {}
    agreed = agreement(sites.schema, combined(list(told.statistics.values()), sites.schema))
    apart = trained(nodes, roster, arrays, agreed)

    one = InlineGrid(
        app, [{"partition-id": i, "num-partitions": 3} for i in range(3)], config.to_flat()
    )
    members = dict(zip(one.get_node_ids(), task.data.names, strict=True))
    joined = trained(one, members, arrays, ConfigRecord())
    for site, update in apart.items():
        for name, array in update.items():
            np.testing.assert_allclose(array, joined[site][name], rtol=0, atol=1e-6)
    if not test_table:
        claimed = ask_claims(nodes, roster, arrays, agreed, "log_loss", 10.0)
        also = ask_claims(one, members, arrays, ConfigRecord(), "log_loss", 10.0)
        assert claimed.examples == also.examples
        assert claimed.values == pytest.approx(also.values, abs=1e-6)
