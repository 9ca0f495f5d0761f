"""Three sites, each with a table of its own, on the inline grid."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord

from anml_fl.models.build import build
from anml_fl.models.state import arrays_of
from anml_fl.settings.reading import from_flat
from anml_fl.tables.schema import (
    BooleanColumn,
    CategoryColumn,
    ClassLabel,
    IgnoredColumn,
    NumberColumn,
    TableSchema,
)
from anml_fl.tables.schema_file import schema_text
from anml_fl.tables.statistics import Scales
from clients.app import app
from server.engines.inline_grid import InlineGrid
from strategies.agreement import agreement
from strategies.instruction import attribute, instruct
from strategies.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable

    from flwr.app import ConfigRecord, Message

CANARY = "Canary"
SITES = ("north", "south", "west")
SCHEMA = TableSchema(
    label=ClassLabel(name="outcome", classes=(("well",), ("sick",))),
    columns=(
        NumberColumn(name="age", low=0, high=130),
        BooleanColumn(name="smoker", values=("n", "y")),
        CategoryColumn(name="ward", values=("A", "B")),
        IgnoredColumn(name="note"),
    ),
)
SCALES = Scales((50.0,), (12.5,))
CONFIG = from_flat(
    {
        "schema": "schema.toml",
        "contributors": 3,
        "names": ",".join(SITES),
        "behaviours": "honest=3",
        "local-epochs": 2,
        "model": "mlp",
        "seed": 7,
    }
)


def table(site: int, rows: int) -> list[tuple[str, ...]]:
    """Rows whose ages and notes stand nowhere else in the world."""
    rng = np.random.default_rng(site)
    ages = rng.uniform(20, 90, rows)
    return [
        (
            f"{age:.7f}",
            "ny"[rng.integers(2)],
            "AB"[rng.integers(2)],
            f"{CANARY}{site}x{place}",
            "sick" if age + rng.normal(0, 10) > 55 else "well",
        )
        for place, age in enumerate(ages)
    ]


@dataclass
class Federation:
    """Sites, their folders, and what the server says to them."""

    folder: Path
    tables: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)
    schema: TableSchema = SCHEMA
    scales: Scales = SCALES
    config: Any = CONFIG

    def __post_init__(self) -> None:
        for place, site in enumerate(SITES):
            self.tables[site] = table(place, 40 + 10 * place)
            (self.folder / site).mkdir()
            self.write(site)
            (self.folder / site / "schema.toml").write_text(schema_text(SCHEMA))

    def write(self, site: str) -> None:
        lines = ["age,smoker,ward,note,outcome", *map(",".join, self.tables[site])]
        self.file(site).write_text("\n".join(lines) + "\n")

    def file(self, site: str) -> Path:
        return self.folder / site / "patients.csv"

    def node(self, site: str, **more: Any) -> dict[str, Any]:
        names = {"data": self.file(site), "schema": self.folder / site / "schema.toml"}
        names |= {key.replace("_", "-"): value for key, value in more.items()}
        return {key: str(value) for key, value in names.items()}

    def grid(self, which: Any = app, **more: Any) -> InlineGrid:
        nodes = [self.node(site, **more) for site in SITES]
        return InlineGrid(which, nodes, self.config.to_flat())

    def roster(self, grid: InlineGrid) -> dict[int, str]:
        return dict(zip(grid.get_node_ids(), SITES, strict=True))

    def agreed(self) -> ConfigRecord:
        return agreement(self.schema, self.scales)

    def model(self, seed: int = 1) -> dict[str, Any]:
        return arrays_of(build("mlp", SCHEMA.width, None, 2, seed=seed))

    def arrays(self) -> ArrayRecord:
        return ArrayRecord({name: Array(value) for name, value in self.model().items()})

    def asked(
        self, kind: str, which: Any = app, *, packed: bool = False, **node: Any
    ) -> tuple[dict[str, Message], dict[str, str]]:
        """Ask all nodes; contributor to reply, and to why there is none."""
        transport = Transport(packed=packed)
        config, arrays = self.agreed(), None
        if kind != "query.statistics":
            model = self.arrays()
            arrays, config = transport.sent(model, transport.layout(model), config)
        grid = self.grid(which, **node)
        sent = instruct(self.roster(grid), kind, 1, config, arrays)
        return attribute(sent, list(grid.send_and_receive([one.message for one in sent])))[:2]

    def refuse(self, found: tuple[dict[str, Message], dict[str, str]], said: str) -> None:
        """See that nothing was let out anywhere, and why; the reason holds no cell."""
        credited, left_out = found
        assert credited == {}
        assert set(left_out) == set(self.tables)
        for reason in left_out.values():
            assert f"egress: {said}" in reason
            assert CANARY not in reason

    def cells(self) -> set[str]:
        """Cells that nothing but a row holds."""
        rows = [row for rows in self.tables.values() for row in rows]
        return {row[0] for row in rows} | {row[3] for row in rows}


@pytest.fixture
def sites(tmp_path: Path) -> Federation:
    return Federation(tmp_path)


@pytest.fixture
def policy(sites: Federation) -> Callable[..., dict[str, Path]]:
    """Write a policy, and return what a node's config says of it."""

    def write(text: str = "") -> dict[str, Path]:
        (sites.folder / "egress.toml").write_text(text)
        return {"egress": sites.folder / "egress.toml"}

    return write
