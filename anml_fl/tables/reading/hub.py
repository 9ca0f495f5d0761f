"""The Hugging Face hub: loading a data set by its name, or saying at once that it cannot be.

It is loaded by what Flower's `FederatedDataset` loads it by, which itself reports its use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anml_fl.datasets.table import TableError

if TYPE_CHECKING:
    from collections.abc import Sequence

_PATIENCE = 5.0  # seconds; the hub's own client tries for half a minute
_LISTED = 20


def from_hub(name: str, subset: str | None) -> Any:
    """Load a data set of the hub, into the cache that HF_HOME names; no code of others runs.

    Parameters
    ----------
    name : str
        OWNER/NAME.
    subset : str, optional
        Which part, where it has several.

    Returns
    -------
    datasets.DatasetDict

    Raises
    ------
    TableError
        If the hub does not answer within seconds, knows no such data set or subset, or it
        cannot be read.
    """
    import datasets  # noqa: PLC0415 - an extra, and slow to import
    from datasets.exceptions import DatasetNotFoundError  # noqa: PLC0415
    from huggingface_hub import constants  # noqa: PLC0415

    _reach_hub(name)
    try:
        return datasets.load_dataset(name, subset)
    except DatasetNotFoundError:
        raise TableError(
            f"hf:{name}: the hub has no such data set, or shows it to its members alone; check"
            " the name, or log in (hf auth login)"
        ) from None
    except Exception as error:  # noqa: BLE001 - its text may quote what stands in the data
        known = _subsets(name)
        if (subset and known and subset not in known) or (not subset and len(known) > 1):
            raise TableError(
                f"hf:{name}: has the subsets {listed(known)}, got {subset or 'none'}; name one"
                f" of them, as in hf:{name}:{known[0]}"
            ) from None
        if constants.HF_HUB_OFFLINE:
            raise TableError(
                f"hf:{name}: is not among what was fetched before, and HF_HUB_OFFLINE is set;"
                " take that away, or name a folder that save_to_disk wrote"
            ) from None
        raise TableError(
            f"hf:{name}: cannot be read ({type(error).__name__}); load it by"
            " datasets.load_dataset, save it by save_to_disk, and name the folder: hf:FOLDER"
        ) from None


def listed(names: Sequence[str]) -> str:
    """List names, the first twenty.

    Examples
    --------
    >>> listed(["test", "validation"])
    'test, validation'
    """
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def _reach_hub(name: str) -> None:
    """Ask once whether the hub answers, unless the user wants what was fetched before."""
    import datasets  # noqa: PLC0415
    import httpx  # noqa: PLC0415
    from huggingface_hub import constants  # noqa: PLC0415

    # Nobody's use is reported. Variables are read at import, which may be over.
    constants.HF_HUB_DISABLE_TELEMETRY = True
    datasets.config.HF_UPDATE_DOWNLOAD_COUNTS = False
    if constants.HF_HUB_OFFLINE:
        return
    try:
        httpx.head(constants.ENDPOINT, timeout=_PATIENCE)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise TableError(
            f"hf:{name}: is no folder here, and the hub ({constants.ENDPOINT}) does not answer"
            f" ({type(error).__name__}); if the data set was fetched before, set"
            " HF_HUB_OFFLINE=1; or save it by save_to_disk where there is a network, and name"
            " the folder: hf:FOLDER"
        ) from None


def _subsets(name: str) -> list[str]:
    import datasets  # noqa: PLC0415

    try:
        return list(datasets.get_dataset_config_names(name))
    except Exception:  # noqa: BLE001 - then it was no subset that was missing
        return []
