"""Fashion-MNIST: pictures of clothes (Xiao, Rasul, Vollgraf, 2017)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.datasets.archive import read_arrays
from anml_fl.datasets.folder import located
from anml_fl.datasets.images import IMAGES, pictures

if TYPE_CHECKING:
    from anml_fl.datasets.table import Table


def fashion_mnist(folder: str) -> Table:
    """Read Fashion-MNIST's 10,000 test images.

    Parameters
    ----------
    folder : str
        Holds `fashion_mnist_test10k.npz`.

    Raises
    ------
    TableError
        If the file is not there, or not as described.
    """
    path = located(folder, "fashion_mnist_test10k.npz")
    return pictures(path, read_arrays(path, *IMAGES))
