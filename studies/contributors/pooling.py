"""Average pooling: smaller images, for time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def pooled(
    features: NDArray[np.float32], image: tuple[int, int, int] | None, side: int
) -> tuple[NDArray[np.float32], tuple[int, int, int] | None]:
    """Average images over squares.

    Parameters
    ----------
    features : (n, d) float32
    image : tuple of int, optional
        (channels, height, width) of a row.
    side : int
        Of the squares, in pixels; 1 leaves everything as it is.

    Returns
    -------
    tuple
        Features and shape of the smaller images.

    Raises
    ------
    ValueError
        If the rows are no images, or not a whole number of squares wide and high.

    Examples
    --------
    >>> pooled(np.arange(4, dtype=np.float32)[None], (1, 2, 2), 2)
    (array([[1.5]], dtype=float32), (1, 1, 1))
    """
    if side == 1:
        return features, image
    if image is None or image[1] % side or image[2] % side:
        raise ValueError(f"pool must divide an image's height and width {image}, got {side}")
    channels, height, width = image[0], image[1] // side, image[2] // side
    squares = features.reshape(-1, channels, height, side, width, side)
    small = squares.mean(axis=(3, 5)).reshape(len(features), -1)
    return small.astype(np.float32), (channels, height, width)
