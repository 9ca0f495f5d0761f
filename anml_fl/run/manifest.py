"""A run's manifest: which code and which versions made it, on both sides."""

from __future__ import annotations

import json
import platform
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from anml_fl.run.files import MANIFEST
from anml_fl.run.server_seed import Bound, commitment, kept_seed
from anml_fl.system.files import read_text, write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from anml_fl.settings.run import RunConfig

    Modules = Mapping[str, str]

_PACKAGES = ("anml-fl", "flwr", "numpy", "torch")


class _Code(BaseModel):
    contributors: dict[str, str] = {}


class _Own(BaseModel):
    server: dict[str, str] = {}
    contributors: dict[str, dict[str, str]] = {}
    earlier: dict[str, list[str]] = {}


class _Said(BaseModel):
    code: _Code = _Code()
    own: _Own = _Own()
    run: str = ""
    decisive: dict[str, str] = {}
    sampling_seed: int | None = None
    server_seed_sha256: str = ""


class Manifest:
    """The file `manifest.json`, which grows as a run goes on: who replied before stays in it.

    Parameters
    ----------
    out : Path
        The run's folder.
    config : RunConfig
    code : str
        Hash of the server's code.
    own : mapping
        Module of one's own to the hash of its files, at the server; as of `run.own_code`.
    run : str
        What the registry calls the run, where that does not follow from the settings.
    about : mapping, optional
        What is trained, as `Task.about` says it; or what decides in an app's run. A commitment
        to the server's seed is added, where the folder has one.

    Attributes
    ----------
    own : mapping
        As it was given.
    changed : dict of str to str
        Modules of one's own whose files were others when the run began or was last gone on
        with, each to the hash that it had then.
    """

    def __init__(
        self,
        out: Path,
        config: RunConfig,
        code: str,
        own: Modules,
        run: str = "",
        about: Mapping[str, Any] | None = None,
    ) -> None:
        seed = kept_seed(out)
        bound = {} if seed is None else {"server_seed_sha256": commitment(seed)}
        self._about = {**(about or {}), **bound}
        self._path, self._engine, self._run = out / MANIFEST, config.engine, run
        self._code, self.own = code, own
        before = _read(self._path)
        self._codes, self._others = before.code.contributors, before.own.contributors
        self._earlier, server = before.own.earlier, before.own.server
        self.changed = {m: server[m] for m in own if server.get(m, own[m]) != own[m]}
        for module, digest in self.changed.items():
            self._earlier.setdefault(module, []).append(digest)
        self._write()

    def add(
        self, codes: Mapping[str, str], own: Mapping[str, Modules]
    ) -> list[tuple[str, str, str]]:
        """Write down what contributors say that they run.

        Parameters
        ----------
        codes : mapping
            Contributor to the hash of its code.
        own : mapping
            Contributor to the modules of its own, each to the hash of its files.

        Returns
        -------
        list of tuple
            (contributor, module, hash) where it is another one than the server's, and was not
            said before; by contributor and module.
        """
        if codes.items() <= self._codes.items() and not self.own and self._path.exists():
            return []  # as in nearly every round: nobody says anything new
        self._codes.update(codes)
        news = []
        for name, modules in sorted(own.items()):
            known = {one: modules[one] for one in sorted(self.own) if one in modules}
            before = self._others.get(name, {})
            news += [
                (name, module, digest)
                for module, digest in known.items()
                if digest not in (self.own[module], before.get(module))
            ]
            if known:
                self._others[name] = {**before, **known}
        self._write()
        return news

    def _write(self) -> None:
        """Write the file, if it says anything new."""
        fields: dict[str, Any] = {
            "engine": self._engine,
            "code": {"server": self._code, "contributors": dict(sorted(self._codes.items()))},
            "versions": _versions(),
            **self._about,
            **({"run": self._run} if self._run else {}),
            **self._about,
        }
        if self.own:
            fields["own"] = {
                "server": dict(self.own),
                "contributors": dict(sorted(self._others.items())),
                **({"earlier": self._earlier} if self._earlier else {}),
            }
        text = (json.dumps(fields, indent=2) + "\n").encode()
        if not self._path.exists() or self._path.read_bytes() != text:
            write_whole(self._path, text)


def kept_run(out: Path) -> str:
    """Read what the registry calls a run that was begun; "" if its manifest does not say."""
    return _read(out / MANIFEST).run


def kept_decisive(out: Path) -> tuple[dict[str, str], int | None]:
    """Read which options of an app's run decide, and the seed that it was given, if it was."""
    said = _read(out / MANIFEST)
    return said.decisive, said.sampling_seed


def kept_bound(out: Path) -> Bound | None:
    """Read by what a run that was begun draws; None if there is nothing to read."""
    try:
        said = _parse(out / MANIFEST)
    except (OSError, ValueError):
        return None
    return Bound(said.server_seed_sha256, said.sampling_seed is not None)


def _read(path: Path) -> _Said:
    """Read what the file says; nothing, if it cannot be read or is something else."""
    try:
        return _parse(path)
    except (OSError, ValueError):
        return _Said()


def _parse(path: Path) -> _Said:
    return _Said.model_validate_json(read_text(path))


@cache  # asked every round, and each answer parses a package's metadata
def _versions() -> Mapping[str, str]:
    packages = {name: version(name) for name in _PACKAGES}
    return {"python": platform.python_version(), **packages}
