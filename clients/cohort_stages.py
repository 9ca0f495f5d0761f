"""What a plain convolutional network is made of, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from clients.cohort_perceptron import is_hooked, is_learnt

Image = tuple[int, int, int]
"""Channels, height and width."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One layer of a network, and the images or units that come in.

    Parameters
    ----------
    name : str
        What the names of its parameters begin with.
    layer : torch.nn.Module
    image : tuple of int
        Channels, height and width; a row of numbers is an image of one point.
    """

    name: str
    layer: nn.Module
    image: Image


def convolutional_stages(model: nn.Module) -> list[Stage]:
    """Find the layers of a plain convolutional network.

    Rows become images, go through convolutions in steps of 1, ReLU and pooling side by side,
    are flattened, and go through linear layers and ReLU.

    Returns
    -------
    list of Stage
        Empty where the model is anything else, or does anything besides.

    Examples
    --------
    >>> convolution = nn.Unflatten(1, (1, 4, 4)), nn.Conv2d(1, 2, 3)
    >>> model = nn.Sequential(*convolution, nn.Flatten(), nn.Linear(8, 3))
    >>> [one.image for one in convolutional_stages(model)]
    [(1, 4, 4), (2, 2, 2), (8, 1, 1)]
    >>> convolutional_stages(nn.Sequential(nn.Linear(3, 2)))
    []
    """
    if type(model) is not nn.Sequential or model._parameters or not _is_plain(model):
        return []
    children = dict(model.named_children())
    image = _rows_as_images(next(iter(children.values()), None))
    stages, flat = list[Stage](), False
    for name, layer in list(children.items())[1:]:
        if image is None or not _is_plain(layer):
            return []
        stages.append(Stage(f"{name}.", layer, image))
        image = _of_units(layer, image) if flat else _of_images(layer, image)
        flat = flat or type(layer) is nn.Flatten
    if image is None:
        return []
    kinds = [type(one.layer) for one in stages]
    own = [one for stage in stages for one in stage.layer._parameters.values()]
    is_one = (
        kinds.count(nn.Flatten) == 1
        and nn.Conv2d in kinds
        and kinds[-1] is nn.Linear
        and len({id(one) for one in own}) == len(own)
        and all(is_learnt(one) for one in own)
    )
    return stages if is_one else []


def _is_plain(layer: nn.Module) -> bool:
    return not (is_hooked(layer) or layer._buffers)


def _rows_as_images(layer: nn.Module | None) -> Image | None:
    """Tell as what images a first layer takes rows, if it does."""
    if type(layer) is not nn.Unflatten or not _is_plain(layer) or layer.dim != 1:
        return None
    size = tuple(layer.unflattened_size)
    whole = len(size) == 3 and min(size) > 0
    return (size[0], size[1], size[2]) if whole else None


def _of_images(layer: nn.Module, image: Image) -> Image | None:
    """Tell what images a layer makes of images, if it is one that we know."""
    channels, height, width = image
    if type(layer) is nn.ReLU:
        return image
    if type(layer) is nn.Flatten:
        units = channels * height * width
        return (units, 1, 1) if (layer.start_dim, layer.end_dim) == (1, -1) else None
    if type(layer) is nn.Conv2d:
        if not _is_usual(layer) or layer.in_channels != channels:
            return None
        (lines, columns), (above, beside) = pair(layer.kernel_size), padding_of(layer)
        found = (height + 2 * above - lines + 1, width + 2 * beside - columns + 1)
        return (layer.out_channels, *found) if min(found) > 0 else None
    if isinstance(layer, nn.MaxPool2d | nn.AvgPool2d) and _is_tiling(layer):
        high, wide = pair(layer.kernel_size)
        whole = height >= high and width % wide == 0
        return (channels, height // high, width // wide) if whole else None
    return None


def _is_usual(layer: nn.Conv2d) -> bool:
    """Whether a convolution goes in steps of 1, over zeros at the edge, in one group."""
    return (
        pair(layer.stride) == pair(layer.dilation) == (1, 1)
        and layer.groups == 1
        and layer.padding_mode == "zeros"
        and not isinstance(layer.padding, str)
    )


def padding_of(layer: nn.Conv2d) -> tuple[int, int]:
    """Tell how many rows and columns of zeros stand on each side; not of one that says "same".

    Examples
    --------
    >>> padding_of(nn.Conv2d(1, 1, 3, padding=1))
    (1, 1)
    """
    return (0, 0) if isinstance(layer.padding, str) else pair(layer.padding)


def _is_tiling(layer: nn.MaxPool2d | nn.AvgPool2d) -> bool:
    """Whether a layer pools windows that lie side by side."""
    if type(layer) is nn.MaxPool2d:
        usual = pair(layer.dilation) == (1, 1) and not layer.return_indices
    else:
        usual = type(layer) is nn.AvgPool2d and layer.divisor_override is None
    return (
        usual
        and pair(layer.stride) == pair(layer.kernel_size)
        and pair(layer.padding) == (0, 0)
        and not layer.ceil_mode
    )


def _of_units(layer: nn.Module, image: Image) -> Image | None:
    if type(layer) is nn.Linear and layer.in_features == image[0]:
        return (layer.out_features, 1, 1)
    return image if type(layer) is nn.ReLU else None


def pair(size: int | tuple[int, ...]) -> tuple[int, int]:
    """Take a size as PyTorch takes it: one number for both, or two.

    Examples
    --------
    >>> pair(3), pair((3, 5))
    ((3, 3), (3, 5))
    """
    return (size, size) if isinstance(size, int) else (size[0], size[1])
