"""Attention of many models at once: what `vmap` has no rule for, written out.

PyTorch's fused attention knows one model; asked for many it goes from one to the next. Here
it is a few products and passes over all of them, forward and backward, whose shape for one
contributor depends on nobody else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.autograd.function import once_differentiable
from torch.nn import functional
from torch.overrides import TorchFunctionMode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

_UNSEEN = -1e30
"""A score whose weight is 0, and of which no row becomes nan."""


class WrittenOut(TorchFunctionMode):
    """While it is on, in this thread alone, attention goes by products.

    Attention that drops weights by chance, or whose heads share keys, stays as it is. Dropout
    that drops nothing does nothing: `vmap` refuses it since it might draw.

    Examples
    --------
    >>> x = torch.eye(3).view(1, 1, 3, 3)
    >>> with WrittenOut():
    ...     found = functional.scaled_dot_product_attention(x, x, x)
    >>> bool((found - functional.scaled_dot_product_attention(x, x, x)).abs().max() < 1e-6)
    True
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Take the place of the functions that are known here."""
        given = kwargs or {}
        found = None
        if func is functional.scaled_dot_product_attention:
            found = _attention(*args, **given)
        elif func is functional.dropout:
            found = _nothing_dropped(*args, **given)
        return func(*args, **given) if found is None else found


def _nothing_dropped(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor | None:
    return None if p and training else input


def _attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor | None:
    """Compute softmax(scale Q K^T + mask) V, or None where that is not what is asked for."""
    if dropout_p or enable_gqa or (is_causal and attn_mask is not None):
        return None
    mask = attn_mask
    if is_causal:
        shape = (query.shape[-2], key.shape[-2])
        mask = torch.ones(shape, dtype=torch.bool, device=query.device).tril()
    elif mask is None:
        mask = query.new_zeros(1, 1)
    if mask.dtype is torch.bool:
        mask = torch.zeros_like(mask, dtype=query.dtype).masked_fill(~mask, -torch.inf)
    factor = query.shape[-1] ** -0.5 if scale is None else scale
    return _attend(query, key, value, mask, factor)[0]


class _Attention(torch.autograd.Function):
    """Attention and its gradient; of many models with theirs as one more dimension."""

    @staticmethod
    def forward(
        query: Tensor, key: Tensor, value: Tensor, mask: Tensor, factor: float
    ) -> tuple[Tensor, Tensor]:
        scores = torch.matmul(query * factor, key.mT)
        scores += mask.clamp_min(_UNSEEN)
        weights = torch.softmax(scores, -1, out=scores)
        # A row that sees nothing learns nothing, as in PyTorch's.
        return torch.matmul(weights, value).masked_fill_(_blind(mask), 0), weights

    @staticmethod
    def setup_context(
        ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]
    ) -> None:
        *tensors, ctx.factor = inputs
        ctx.save_for_backward(*tensors, output[1])
        ctx.mark_non_differentiable(output[1])
        # Or zeros as large as all scores are made for the weights' slope.
        ctx.set_materialize_grads(False)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, mask, weights = ctx.saved_tensors
        slope = slope.masked_fill(_blind(mask), 0)
        of_value = torch.matmul(weights.mT, slope)
        of_weights = torch.matmul(slope, value.mT)
        of_scores = torch._softmax_backward_data(of_weights, weights, -1, weights.dtype)
        of_query = torch.matmul(of_scores, key) * ctx.factor
        of_key = torch.matmul(of_scores.mT, query) * ctx.factor
        of_mask = of_scores.sum_to_size(mask.shape) if ctx.needs_input_grad[3] else None
        given = (of_query, query), (of_key, key), (of_value, value)
        return *(one.sum_to_size(its.shape) for one, its in given), of_mask, None

    @staticmethod
    def vmap(
        _: Any, places: tuple[int | None, ...], *inputs: Any
    ) -> tuple[tuple[Tensor, Tensor], tuple[int, int]]:
        *tensors, factor = inputs
        # Of each the models come first, then as many dimensions as the most have.
        most = max(
            one.dim() - (at is not None) for one, at in zip(tensors, places, strict=False)
        )
        laid = []
        for one, at in zip(tensors, places, strict=False):
            first = one.unsqueeze(0) if at is None else one.movedim(at, 0)
            lacking = most + 1 - first.dim()
            laid.append(first.reshape(len(first), *[1] * lacking, *first.shape[1:]))
        return _attend(*laid, factor), (0, 0)


_attend: Callable[..., tuple[Tensor, Tensor]] = _Attention.apply


def _blind(mask: Tensor) -> Tensor:
    return (mask == -torch.inf).all(-1, keepdim=True)
