"""Products by columns are the plain ones, for every number of rows."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cutaway.nn.stored import FEW, NEAR, Columns, StoredLinear


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("rows", [1, 3, FEW, FEW + 1])
@torch.no_grad()
def test_a_product_by_columns_is_the_plain_one(rows: int, dtype: torch.dtype) -> None:
    plain = nn.Linear(160, 192).to(dtype)
    layer = StoredLinear(Columns(plain.weight), plain)
    x = torch.randn(rows, 160).to(dtype)
    for given in (x, x[:, None], x[None]):
        found, expected = layer(given), F.linear(given.double(), plain.weight.double(), plain.bias.double())
        assert found.shape == expected.shape
        assert found.dtype == dtype
        assert (found - expected).abs().max() <= NEAR[dtype] * expected.abs().max()
    assert layer.weight is plain.weight
