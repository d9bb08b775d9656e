"""Layers, equations and losses: numbers and tensors in, tensors out.

```python
from cutaway.nn import Attention, Heads, geometry_of

layer = Attention(64, Heads(4, 2, 16))
layer(x, geometry_of(x))  # causal self-attention, (B, T, 64)
```
"""

from typing import TYPE_CHECKING

from cutaway.exports import exports

if TYPE_CHECKING:
    from cutaway.nn.attention import Attention as Attention, Heads as Heads, JointNorm as JointNorm
    from cutaway.nn.balance import (
        BalanceByBias as BalanceByBias,
        BalanceByLoss as BalanceByLoss,
        NoBalance as NoBalance,
    )
    from cutaway.nn.cache import Cache as Cache, LayerCache as LayerCache
    from cutaway.nn.dot_product import Scoring as Scoring, attend as attend
    from cutaway.nn.dropout import Dropout as Dropout, drop as drop
    from cutaway.nn.embeddings import (
        FrameEmbedding as FrameEmbedding,
        PatchEmbedding as PatchEmbedding,
        TokenEmbedding as TokenEmbedding,
    )
    from cutaway.nn.experts import Experts as Experts, Router as Router, Routing as Routing
    from cutaway.nn.feedforward import (
        Dense as Dense,
        Gated as Gated,
        gelu_tanh as gelu_tanh,
        squared_relu as squared_relu,
    )
    from cutaway.nn.frequencies import (
        dynamic as dynamic,
        linear as linear,
        llama3 as llama3,
        longrope as longrope,
        yarn as yarn,
    )
    from cutaway.nn.geometry import (
        Geometry as Geometry,
        TokenPositions as TokenPositions,
        all_to_all as all_to_all,
        geometry_of as geometry_of,
        token_positions as token_positions,
    )
    from cutaway.nn.latent import LatentAttention as LatentAttention, LatentHeads as LatentHeads
    from cutaway.nn.layers import embedding_over as embedding_over, linear_over as linear_over
    from cutaway.nn.losses import IGNORED as IGNORED, cross_entropy as cross_entropy, token_loss as token_loss
    from cutaway.nn.norms import (
        LayerNorm as LayerNorm,
        RMSNorm as RMSNorm,
        ZeroCentredRMSNorm as ZeroCentredRMSNorm,
    )
    from cutaway.nn.positions import (
        ALiBi as ALiBi,
        Learned as Learned,
        LearnedGrid as LearnedGrid,
        RelativeBias as RelativeBias,
        Rotary as Rotary,
        ShortestPathBias as ShortestPathBias,
        Sinusoidal as Sinusoidal,
        deinterleave as deinterleave,
        interleave as interleave,
        rotate as rotate,
    )
    from cutaway.nn.residual import (
        PostNorm as PostNorm,
        PreNorm as PreNorm,
        ResPostNorm as ResPostNorm,
        Sandwich as Sandwich,
    )

_HOMES = {
    "ALiBi": "cutaway.nn.positions",
    "Attention": "cutaway.nn.attention",
    "BalanceByBias": "cutaway.nn.balance",
    "BalanceByLoss": "cutaway.nn.balance",
    "Cache": "cutaway.nn.cache",
    "Dense": "cutaway.nn.feedforward",
    "Dropout": "cutaway.nn.dropout",
    "Experts": "cutaway.nn.experts",
    "FrameEmbedding": "cutaway.nn.embeddings",
    "Gated": "cutaway.nn.feedforward",
    "Geometry": "cutaway.nn.geometry",
    "Heads": "cutaway.nn.attention",
    "IGNORED": "cutaway.nn.losses",
    "JointNorm": "cutaway.nn.attention",
    "LatentAttention": "cutaway.nn.latent",
    "LatentHeads": "cutaway.nn.latent",
    "LayerCache": "cutaway.nn.cache",
    "LayerNorm": "cutaway.nn.norms",
    "Learned": "cutaway.nn.positions",
    "LearnedGrid": "cutaway.nn.positions",
    "NoBalance": "cutaway.nn.balance",
    "PatchEmbedding": "cutaway.nn.embeddings",
    "PostNorm": "cutaway.nn.residual",
    "PreNorm": "cutaway.nn.residual",
    "ResPostNorm": "cutaway.nn.residual",
    "RMSNorm": "cutaway.nn.norms",
    "RelativeBias": "cutaway.nn.positions",
    "Rotary": "cutaway.nn.positions",
    "Router": "cutaway.nn.experts",
    "Routing": "cutaway.nn.experts",
    "Sandwich": "cutaway.nn.residual",
    "Scoring": "cutaway.nn.dot_product",
    "ShortestPathBias": "cutaway.nn.positions",
    "Sinusoidal": "cutaway.nn.positions",
    "TokenEmbedding": "cutaway.nn.embeddings",
    "TokenPositions": "cutaway.nn.geometry",
    "all_to_all": "cutaway.nn.geometry",
    "attend": "cutaway.nn.dot_product",
    "cross_entropy": "cutaway.nn.losses",
    "deinterleave": "cutaway.nn.positions",
    "drop": "cutaway.nn.dropout",
    "dynamic": "cutaway.nn.frequencies",
    "embedding_over": "cutaway.nn.layers",
    "gelu_tanh": "cutaway.nn.feedforward",
    "geometry_of": "cutaway.nn.geometry",
    "interleave": "cutaway.nn.positions",
    "linear": "cutaway.nn.frequencies",
    "linear_over": "cutaway.nn.layers",
    "llama3": "cutaway.nn.frequencies",
    "longrope": "cutaway.nn.frequencies",
    "rotate": "cutaway.nn.positions",
    "squared_relu": "cutaway.nn.feedforward",
    "token_loss": "cutaway.nn.losses",
    "token_positions": "cutaway.nn.geometry",
    "yarn": "cutaway.nn.frequencies",
    "ZeroCentredRMSNorm": "cutaway.nn.norms",
}

if not TYPE_CHECKING:
    __getattr__, __dir__, __all__ = exports(__name__, _HOMES)
