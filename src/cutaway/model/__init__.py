"""Models from layers: blocks of `cutaway.nn`, stacks of blocks, heads, and the three kinds of model.

`cutaway.build` makes all of it from a config. By hand, it is made of numbers and modules:

```python
from torch.nn.functional import silu
from cutaway.model import Block
from cutaway.nn import Attention, Gated, Heads, PreNorm, RMSNorm, Rotary, geometry_of

block = Block(Attention(64, Heads(4, 2, 16)), Gated(64, 192, silu), PreNorm(RMSNorm(64)), PreNorm(RMSNorm(64)))
block(x, geometry_of(x, rotary=Rotary(16)))  # one layer of a Llama, (B, T, 64)
```
"""

from typing import TYPE_CHECKING

from cutaway.exports import exports

if TYPE_CHECKING:
    from cutaway.model.block import (
        Block as Block,
        CrossAttentionInput as CrossAttentionInput,
        Memory as Memory,
        ParallelBlock as ParallelBlock,
        ParallelNormsBlock as ParallelNormsBlock,
    )
    from cutaway.model.heads import (
        EmbeddingHead as EmbeddingHead,
        LanguageHead as LanguageHead,
        SequenceHead as SequenceHead,
        TokenHead as TokenHead,
    )
    from cutaway.model.stack import Reach as Reach, Stack as Stack
    from cutaway.model.transformer import (
        DecoderOnly as DecoderOnly,
        EncoderDecoder as EncoderDecoder,
        EncoderOnly as EncoderOnly,
    )

_HOMES = {
    "Block": "cutaway.model.block",
    "CrossAttentionInput": "cutaway.model.block",
    "DecoderOnly": "cutaway.model.transformer",
    "EmbeddingHead": "cutaway.model.heads",
    "EncoderDecoder": "cutaway.model.transformer",
    "EncoderOnly": "cutaway.model.transformer",
    "LanguageHead": "cutaway.model.heads",
    "Memory": "cutaway.model.block",
    "ParallelBlock": "cutaway.model.block",
    "ParallelNormsBlock": "cutaway.model.block",
    "Reach": "cutaway.model.stack",
    "SequenceHead": "cutaway.model.heads",
    "Stack": "cutaway.model.stack",
    "TokenHead": "cutaway.model.heads",
}

if not TYPE_CHECKING:
    __getattr__, __dir__, __all__ = exports(__name__, _HOMES)
