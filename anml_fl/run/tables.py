"""What one run or several say, as tables and figures: each table can be had as any frame."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Literal, overload

from anml_fl.run.dials import dials_of
from anml_fl.run.files import CONFIG
from anml_fl.run.frames.columns import joined
from anml_fl.run.frames.contributors import SCHEMA as CONTRIBUTORS
from anml_fl.run.frames.contributors import contributors_table
from anml_fl.run.frames.conversion import converted
from anml_fl.run.frames.ledger import SCHEMA as LEDGER
from anml_fl.run.frames.ledger import ledger_table, payouts_of
from anml_fl.run.frames.rounds import SCHEMA as ROUNDS
from anml_fl.run.frames.rounds import rounds_table
from anml_fl.run.frames.weights import EVIDENCE, WEIGHTS, evidence_table, weights_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import polars as pl
    import pyarrow as pa
    from matplotlib.figure import Figure

    from anml_fl.run.kept_run import KeptRun

Arrow = Literal["arrow"]
Pandas = Literal["pandas"]
Polars = Literal["polars"]


class Tables(ABC):
    """Tables of one run or several, of the columns that docs/results-as-data.md lists.

    Each takes the frame that it is to be: "arrow" for a `pyarrow.Table`, "pandas" or "polars"
    for a data frame. Whatever is not known is null. Raised are ValueError for another word,
    and ImportError, with what to install, where the package is not there.
    """

    __slots__ = ()

    @abstractmethod
    def labelled(self) -> Mapping[str, KeptRun]:
        """Give the runs by what the column `run` calls them."""

    @overload
    def rounds(self, frame: Arrow = "arrow") -> pa.Table: ...
    @overload
    def rounds(self, frame: Pandas) -> pd.DataFrame: ...
    @overload
    def rounds(self, frame: Polars) -> pl.DataFrame: ...
    def rounds(self, frame: str = "arrow") -> Any:
        """Tell of each round: a row a strategy and round."""
        found = (rounds_table(run, name) for name, run in self.labelled().items())
        return converted(joined(ROUNDS, found), frame)

    @overload
    def weights(self, frame: Arrow = "arrow", *, why: bool = False) -> pa.Table: ...
    @overload
    def weights(self, frame: Pandas, *, why: bool = False) -> pd.DataFrame: ...
    @overload
    def weights(self, frame: Polars, *, why: bool = False) -> pl.DataFrame: ...
    def weights(self, frame: str = "arrow", *, why: bool = False) -> Any:
        """Tell who counted how much: a row a strategy, round and contributor.

        Parameters
        ----------
        frame : str
            "arrow", "pandas" or "polars".
        why : bool
            Add what decided each weight, and why in words, as `anml explain` has them. Of
            10,000 contributors that takes a while.
        """
        found = (
            weights_table(
                run, name, dials_of(run.config, run.folder / CONFIG) if why else None
            )
            for name, run in self.labelled().items()
        )
        return converted(joined(WEIGHTS[why], found), frame)

    @overload
    def evidence(self, frame: Arrow = "arrow") -> pa.Table: ...
    @overload
    def evidence(self, frame: Pandas) -> pd.DataFrame: ...
    @overload
    def evidence(self, frame: Polars) -> pl.DataFrame: ...
    def evidence(self, frame: str = "arrow") -> Any:
        """Tell what spoke for and against whom, where a rule weighs evidence: a row a kind."""
        found = (evidence_table(run, name) for name, run in self.labelled().items())
        return converted(joined(EVIDENCE, found), frame)

    @overload
    def contributors(self, frame: Arrow = "arrow") -> pa.Table: ...
    @overload
    def contributors(self, frame: Pandas) -> pd.DataFrame: ...
    @overload
    def contributors(self, frame: Polars) -> pl.DataFrame: ...
    def contributors(self, frame: str = "arrow") -> Any:
        """Sum up each contributor over the run: a row a strategy and contributor."""
        found = (
            contributors_table(run, name, payouts_of(run.folder))
            for name, run in self.labelled().items()
        )
        return converted(joined(CONTRIBUTORS, found), frame)

    @overload
    def ledger(self, frame: Arrow = "arrow") -> pa.Table: ...
    @overload
    def ledger(self, frame: Pandas) -> pd.DataFrame: ...
    @overload
    def ledger(self, frame: Polars) -> pl.DataFrame: ...
    def ledger(self, frame: str = "arrow") -> Any:
        """Tell who was paid what: a row a round and contributor, `verified` or not.

        It is read and checked anew each time, with the public key in the run's folder.

        Raises
        ------
        FileNotFoundError
            If there is no ledger.
        ValueError
            If a line is no entry, or a frame is asked for that there is not.
        """
        found = (ledger_table(run, name, run.folder) for name, run in self.labelled().items())
        return converted(joined(LEDGER, found), frame)

    def plot(self, kind: str, *, strategy: str = "") -> Figure:
        """Draw a figure for a paper: one column wide, for print in grey, and as vectors.

        Parameters
        ----------
        kind : str
            "error": how models come along, strategy by strategy; over three repeats or more
            the mean with its 95 % interval. "weights": who counted how much in each round.
            "payouts": what each contributor was paid. "signals": q beside s.
        strategy : str, optional
            Whose weights or signals; of the strategy that pays by default.

        Returns
        -------
        matplotlib.figure.Figure
            `savefig("error.pdf")` writes it with its fonts, and the same bytes each time.

        Raises
        ------
        ValueError
            If there is no such figure or strategy, or the runs do not repeat each other.
        ImportError
            If matplotlib is not installed, with what to install.
        """
        # Not before: figures are in no bundle, and an app may read runs.
        from anml_fl.run.figures.drawing import draw  # noqa: PLC0415

        return draw(kind, self, strategy)
