"""The tests of a room whose modules say shapes check them."""

import pytest
import torch
from jaxtyping import TypeCheckError

from cutaway.nn.norms import LayerNorm


def test_another_kind_of_number_is_noticed() -> None:
    norm = LayerNorm(4)
    norm(torch.ones(2, 4))
    with pytest.raises(TypeCheckError, match="x"):
        norm(torch.ones(2, 4, dtype=torch.long))
