"""What a function of somebody else's is called with: by the names of its parameters."""

from __future__ import annotations

from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any

from anml_fl.settings.section import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "net": ("net", "model", "network", "module", "nn"),
    "trainloader": ("trainloader", "traindataloader", "traindata", "trainset", "trainds"),
    "valloader": (
        "valloader", "validloader", "validationloader", "valdataloader", "valdata", "valset",
    ),
    "testloader": (
        "testloader", "testdataloader", "testdata", "testset", "evalloader", "evaldataloader",
    ),
    "loader": ("loader", "dataloader", "data", "dataset"),
    "epochs": ("epochs", "localepochs", "numepochs", "nepochs", "numlocalepochs"),
    "lr": ("lr", "learningrate", "localr", "clientlr"),
    "batch_size": ("batchsize", "batch", "bs", "trainbatchsize", "localbatchsize"),
    "device": ("device", "dev"),
    "seed": ("seed", "randomseed"),
    "partition_id": (
        "partitionid", "partition", "partitionidx", "partitionindex", "clientid", "cid",
    ),
    "num_partitions": (
        "numpartitions", "totalpartitions", "npartitions", "numclients", "nclients",
        "totalclients", "numsupernodes",
    ),
}  # fmt: skip
"""What parameters are called: one name for what is given, and the field's other ones, in small
letters without underscores."""

_MEANT = {written: meant for meant, all_of in SYNONYMS.items() for written in all_of}
_AND_SO_ON = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)


def arguments(
    function: Callable[..., Any],
    called: str,
    known: Mapping[str, Any],
    first: tuple[str, ...] = (),
) -> tuple[list[Any], dict[str, Any]]:
    """Find what a function is to be called with.

    A parameter is given what its name, or a synonym of it, stands for; one with a name that
    means nothing here is left at its default, or given what `first` says of its place.

    Parameters
    ----------
    function : callable
    called : str
        What errors call it.
    known : mapping
        What can be given, by the first name of each of `SYNONYMS`.
    first : tuple of str
        What the first parameters are, where their names do not say it.

    Returns
    -------
    tuple
        Arguments by position, and by name.

    Raises
    ------
    ConfigError
        If a parameter without a default is nothing that is known: naming it, and what is.

    Examples
    --------
    >>> def load(cid, total_partitions, shuffle=True): ...
    >>> known = {"partition_id": 3, "num_partitions": 10}
    >>> arguments(load, "load", known)
    ([], {'cid': 3, 'total_partitions': 10})
    >>> arguments(lambda a, b: 0, "load", known, ("partition_id", "num_partitions"))
    ([], {'a': 3, 'b': 10})
    """
    by_position: list[Any] = []
    by_name: dict[str, Any] = {}
    for place, parameter in enumerate(found := parameters(function, called)):
        meant = meaning(parameter.name, known)
        if not meant and parameter.default is Parameter.empty:
            named = {meaning(one.name, known) for one in found}
            if place >= len(first) or first[place] in named:
                raise ConfigError(
                    f"{called}: nobody can give it {parameter.name!r}; known are"
                    f" {', '.join(known)}: call it one of these, or give it a default"
                )
            meant = first[place]
        if not meant:
            continue
        if parameter.kind is Parameter.POSITIONAL_ONLY:
            by_position.append(known[meant])
        else:
            by_name[parameter.name] = known[meant]
    return by_position, by_name


def parameters(function: Callable[..., Any], called: str) -> list[Parameter]:
    """List a function's parameters but `*args` and `**kwargs`.

    Raises
    ------
    ConfigError
        If it does not tell.
    """
    try:
        listed = signature(function).parameters.values()
    except (TypeError, ValueError):
        raise ConfigError(
            f"{called}: its parameters cannot be seen; write it as a Python function"
        ) from None
    return [one for one in listed if one.kind not in _AND_SO_ON]


def meaning(name: str, known: Mapping[str, Any]) -> str:
    """Find which of what is known a parameter's name means; empty if none.

    Examples
    --------
    >>> meaning("learning_rate", {"lr": 0.1}), meaning("momentum", {"lr": 0.1})
    ('lr', '')
    """
    meant = _MEANT.get(name.lower().replace("_", ""), "")
    return meant if meant in known else ""
