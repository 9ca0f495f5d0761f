"""An open table: what there is of a kind, by name, each in a file of its own.

A name is one of three things: a file of the package that the table reads, an entry point that
another package gave, or `module:object` of whoever runs it. Nothing is imported before it is
loaded, so that asking which names there are costs nothing.
"""

from __future__ import annotations

import pkgutil
import re
import sys
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from anml_fl.system.near import known_ones, near
from anml_fl.system.working_folder import search_it_last, started_in

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 100
"""Letters of a name: a strategy's folder is called by it."""

# A module by its dotted path, and an object in it.
_OWN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
# An entry point may be called anything; in settings "=", "," and ":" divide.
_PLUGIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}", re.ASCII)


class UnknownNameError(ValueError):
    """A name that a table does not have; it says which there are."""


class NameTooLongError(UnknownNameError):
    """A name that would do, were it shorter: it names folders, and columns of tables."""


class UnusableError(ValueError):
    """A name that stands for something else than the table holds, or that cannot be loaded."""


class Catalogue:
    """The names of one kind, and what each stands for.

    Parameters
    ----------
    kind : str
        What an entry is, as errors call it: "data set".
    package : str
        Each of its modules is an entry, and holds an object of the module's own name; those
        that begin with an underscore are none.
    group : str
        Entry points of other packages, such as "anml_fl.rules"; their names are of letters,
        digits, ".", "_" and "-".
    first : tuple of str
        Entries that are listed first, in this order; the others follow by name.

    Examples
    --------
    >>> models = Catalogue("model", "anml_fl.models.architectures", "anml_fl.models")
    >>> models.names
    ('cnn', 'logistic', 'mlp', 'transformer')
    >>> models.check("mpl")
    Traceback (most recent call last):
    anml_fl.catalogue.UnknownNameError: unknown model 'mpl'; did you mean mlp? known: cnn, ...
    """

    def __init__(
        self, kind: str, package: str, group: str, first: tuple[str, ...] = ()
    ) -> None:
        self.kind = kind
        self.package = package
        self.group = group
        self._first = first

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every name that there is, of the package's files and of entry points."""
        there = {*self._modules, *self._plugins}
        return (
            *(name for name in self._first if name in there),
            *sorted(there - set(self._first)),
        )

    def check(self, name: str) -> str:
        """Return the name of an entry, or of whoever's own as `module:object`.

        Raises
        ------
        UnknownNameError
            If it is neither; it lists the names. Or if it is too long, and says so.
        """
        if name in self.names or is_own(name):
            return name
        if _OWN.fullmatch(name):
            refuse_long(self.kind, name)
        raise UnknownNameError(f"unknown {self.kind} {name!r}; {self.meant(name)}")

    def meant(self, name: str) -> str:
        """Say what an unknown name may have meant.

        Examples
        --------
        >>> models = Catalogue("model", "anml_fl.models.architectures", "anml_fl.models")
        >>> print(models.meant("cnnn"))
        did you mean cnn? known: cnn, logistic, mlp, transformer
        >>> print(models.meant("my_net"))
        known: cnn, logistic, mlp, transformer; one of your own is MODULE:OBJECT, as in ...
        """
        told = known_ones(name, self.names, "anml run --help")
        if near(name, self.names):
            return told
        # Its own name would do for a module's, if it has no more than letters.
        module = name if name.isidentifier() else "mine"
        return f"{told}; one of your own is MODULE:OBJECT, as in {module}:OBJECT"

    def load(self, name: str) -> Any:
        """Import what a name stands for.

        Raises
        ------
        UnknownNameError
            If there is nothing of that name; or nothing in the module that it names.
        UnusableError
            If importing it fails.

        Examples
        --------
        >>> scenarios = Catalogue("scenario", "anml_fl.scenarios", "anml_fl.scenarios")
        >>> scenarios.load("high").__name__
        'high'
        >>> scenarios.load("math:tau_h")
        Traceback (most recent call last):
        anml_fl.catalogue.UnknownNameError: scenario 'math:tau_h': module math has no tau_h
        """
        if name in self._modules:
            return getattr(import_module(f"{self.package}.{name}"), name)
        plugin = self._plugins.get(name)
        if plugin is None:
            module, _, wanted = self.check(name).partition(":")
            search_it_last()
        else:
            module, wanted = plugin.module, plugin.attr
        try:
            found: Any = import_module(module)
        except ModuleNotFoundError as error:
            if module.endswith(".py") and error.name in (module, module.removesuffix(".py")):
                raise UnknownNameError(
                    f"{self.kind} {name!r}: a module is named without .py:"
                    f" {module.removesuffix('.py')}:{wanted}"
                ) from error
            raise UnknownNameError(
                f"{self.kind} {name!r}: no module is called {error.name}: is it in the folder"
                " where the command is given, or on PYTHONPATH?"
            ) from error
        # SystemExit is none: the command would end as if all were well.
        except (Exception, SystemExit) as error:
            raise UnusableError(
                f"{self.kind} {name!r}: importing {module} failed:"
                f" {type(error).__name__}: {error}"
            ) from error
        for part in wanted.split("."):  # an entry point may name what is inside a class
            if not hasattr(found, part):
                raise UnknownNameError(
                    f"{self.kind} {name!r}: module {module} has no {wanted}{_hidden(module)}"
                )
            found = getattr(found, part)
        return found

    @cached_property
    def _modules(self) -> frozenset[str]:
        spec = find_spec(self.package)
        places = spec.submodule_search_locations if spec else None
        found = (module.name for module in pkgutil.iter_modules(places or []))
        # What entries share is private to the package.
        return frozenset(name for name in found if not name.startswith("_"))

    @cached_property
    def _plugins(self) -> Mapping[str, EntryPoint]:
        # The package's own come first: no other one can take a shipped name over.
        return {
            one.name: one
            for one in entry_points(group=self.group)
            if _PLUGIN.fullmatch(one.name)
        }


def _hidden(module: str) -> str:
    """Say that another module is found in the place of one where the command was given."""
    name, found = module.replace(".", "/"), getattr(sys.modules[module], "__file__", None)
    for own in (f"{name}.py", f"{name}/__init__.py"):
        path = started_in() / own
        if path.is_file() and not (found and path.samefile(found)):
            other = found or "Python's own"
            return f"; it is {other}, which comes before your {own}: call yours otherwise"
    return ""


def shown_kind(thing: Any) -> str:
    """Say what kind of thing stands where another one should; never its value.

    Examples
    --------
    >>> shown_kind(len), shown_kind(int), shown_kind(0.5)
    ('builtin_function_or_method', 'the class int', 'float')
    """
    return f"the class {thing.__name__}" if isinstance(thing, type) else type(thing).__name__


def shown_array(thing: Any) -> str:
    """Say of what kind and shape an array is, and what stands in the place of one.

    Examples
    --------
    >>> import numpy as np
    >>> shown_array(np.zeros((2, 3), int)), shown_array([1])
    ('int64 of shape (2, 3)', 'list')
    """
    if hasattr(thing, "dtype") and hasattr(thing, "shape"):
        return f"{thing.dtype} of shape {tuple(thing.shape)}"
    return shown_kind(thing)


def is_own(name: str) -> bool:
    """Tell whether a name is of the form `module:object`; nothing is imported.

    Examples
    --------
    >>> is_own("lab.rules:clipped"), is_own("../rules:clipped"), is_own("krum")
    (True, False, False)
    """
    return len(name) <= LONGEST and _OWN.fullmatch(name) is not None


def refuse_long(kind: str, name: str) -> None:
    """Refuse a name that is too long for a folder.

    Raises
    ------
    NameTooLongError
        Which shows the beginning of it.

    Examples
    --------
    >>> refuse_long("strategy", "nnm+" * 25 + "krum")
    Traceback (most recent call last):
    anml_fl.catalogue.NameTooLongError: strategy 'nnm+nnm+nnm+nnm+...' must have at most ...
    """
    if len(name) > LONGEST:
        shown = f"{name[:16]}..."
        raise NameTooLongError(
            f"{kind} {shown!r} must have at most {LONGEST} letters, got {len(name)}"
        )
