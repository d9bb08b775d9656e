"""Embedding, blocks and final norm: from inputs to hidden states."""

from collections.abc import Iterator, Sequence
from typing import overload

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor, nn

from cutaway.model.block import AnyBlock, CrossAttentionInput, Memory, cached_shapes
from cutaway.nn.cache import Cache
from cutaway.nn.embeddings import Embedding
from cutaway.nn.geometry import Geometry, TokenPositions, token_positions
from cutaway.nn.positions import BiasesScores, Rotates, ShortestPathBias
from cutaway.tap import tap


class Reach(nn.Module):
    """Which tokens attention reaches, and how their positions rotate queries and keys.

    Args:
        causal: whether tokens attend only to themselves and to earlier tokens.
        window: the most tokens that a token attends to, itself included; and as many later ones if not causal.
        rotary: computes the rotation of queries and keys.
    """

    def __init__(self, causal: bool = True, window: int | None = None, rotary: Rotates | None = None) -> None:
        super().__init__()
        self.causal = causal
        self.window = window
        self.rotary = rotary

    def forward(self, queries: TokenPositions, keys: TokenPositions, biases: BiasesScores | None = None) -> Geometry:
        """The geometry of attention from these queries to these keys."""
        rotation = None if self.rotary is None else self.rotary(queries.positions)
        return Geometry(queries, keys, self.causal, self.window, rotation, biases)


class Stack(nn.Module):
    """Blocks over one sequence; what depends on positions is computed once for all that share it.

    Args:
        embed: from inputs to vectors.
        blocks: the layers.
        norm: of the last layer's output.
        reaches: that of each layer's attention; layers share one if the same module is given for them.
        max_positions: the number of positions; None if the scheme is unlimited.
        across: whether the blocks have cross-attention to a source.
        biases: the scheme that biases scores.
    """

    taps = ("norm",)

    def __init__(
        self,
        embed: Embedding,
        blocks: Sequence[AnyBlock],
        norm: nn.Module,
        reaches: Sequence[Reach],
        *,
        max_positions: int | None = None,
        across: bool = False,
        biases: BiasesScores | ShortestPathBias | None = None,
    ) -> None:
        super().__init__()
        self.embed = embed
        for i, block in enumerate(blocks):
            self.add_module(str(i), block)
        self.norm = norm
        self.reaches = nn.ModuleList(dict.fromkeys(reaches))
        self.reach_of_layer = [list(self.reaches).index(reach) for reach in reaches]
        self.max_positions = max_positions
        self.has_cross_attention = across
        self.biases = biases

    def __len__(self) -> int:
        return len(self.blocks)

    def __iter__(self) -> Iterator[nn.Module]:
        return iter(self.blocks)

    @overload
    def __getitem__(self, index: int) -> nn.Module: ...

    @overload
    def __getitem__(self, index: slice) -> list[nn.Module]: ...

    def __getitem__(self, index: int | slice) -> nn.Module | list[nn.Module]:
        """One layer, or a list of layers."""
        return self.blocks[index]

    def __setitem__(self, index: int, block: nn.Module) -> None:
        """Puts a block in the place of a layer."""
        setattr(self, [name for name, _ in self.named_blocks()][index], block)

    @property
    def blocks(self) -> list[nn.Module]:
        """The layers in order."""
        return [block for _, block in self.named_blocks()]

    def named_blocks(self) -> list[tuple[str, nn.Module]]:
        """The layers by name: submodules whose names are numbers, in numerical order."""
        found = [(name, block) for name, block in self._modules.items() if name.isdigit() and block is not None]
        return sorted(found, key=lambda pair: int(pair[0]))

    @property
    def embedding(self) -> Embedding:
        """The embedding, which may be inside a module that wraps it.

        Raises:
            TypeError: there is none.
        """
        for module in self.embed.modules():
            if isinstance(module, Embedding):
                return module
        raise TypeError(f"{type(self.embed).__name__} holds no embedding of tokens, patches or frames")

    def make_cache(self, batch: int, slots: int | None, source_slots: int | None = 0) -> Cache:
        """Allocates a cache of `slots` tokens for `batch` sequences, in the dtype and on the device of the weights.

        With cross-attention, it also has `source_slots` tokens of the source. Without a number, it grows.
        """
        weight = next(weight for weight in self.parameters() if weight.is_floating_point())
        like = torch.empty(0, dtype=weight.dtype, device=weight.device)
        across = [cached_shapes(block, "cross_attention") for block in self.blocks]
        source = Cache(across, batch, source_slots, like) if self.has_cross_attention else None
        own = [cached_shapes(block, "self_attention") for block in self.blocks]
        return Cache(own, batch, slots, like, source, keeps_ids=self.embedding.earlier > 0)

    def forward(
        self,
        inputs: Shaped[Tensor, "B ..."],
        attention_mask: Int[Tensor, "B T"] | Bool[Tensor, "B T"] | None = None,
        *,
        documents: Int[Tensor, "B T"] | None = None,
        segments: Int[Tensor, "B T"] | None = None,
        distances: Int[Tensor, "B N N"] | None = None,
        memory: Memory | None = None,
        cache: Cache | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Computes the hidden state of each token, patch or frame, for the head."""
        slots = self.embedding.slots(inputs)
        tokens = self.token_positions(slots, attention_mask, documents, cache)
        earlier = None if cache is None else cache.recall(slots, self.embedding.earlier)
        geometries = self.geometries(tokens, cache, distances)
        x = self.embed(inputs, tokens.positions, segments, earlier)
        across = self.across(x, tokens, memory, cache)
        for i, (name, block) in enumerate(self.named_blocks()):
            x = block(x, geometries[int(name)], None if cache is None else cache.layers[i], across[i])
        if cache is not None:
            cache.advance(slots.shape[1], 0 if memory is None else memory.hidden.shape[1])
        return tap("norm", self.norm(x))

    def token_positions(
        self, tokens: Tensor, attention_mask: Tensor | None, documents: Tensor | None, cache: Cache | None
    ) -> TokenPositions:
        """The positions of the tokens, after those in the cache.

        Raises:
            ValueError: there are more tokens than positions, or both documents and a cache.
        """
        length = tokens.shape[1] + (0 if cache is None else cache.length)
        if self.max_positions is not None and length > self.max_positions:
            raise ValueError(f"the model has {self.max_positions} positions, but the text has {length} tokens")
        if cache is not None and documents is not None:
            raise ValueError("packed documents are for training: they cannot be continued from a cache")
        return token_positions(tokens, attention_mask, documents, 0 if cache is None else cache.next_position)

    def geometries(
        self, tokens: TokenPositions, cache: Cache | None = None, distances: Tensor | None = None
    ) -> list[Geometry]:
        """What the attention of each layer needs besides queries, keys and values.

        Raises:
            ValueError: distances between nodes are missing, or given to a model that reads no graphs.
        """
        keys, biases = tokens if cache is None else cache.extend(tokens), self.biases_of(distances)
        shared = [reach(tokens, keys, biases) for reach in self.reaches]
        return [shared[i] for i in self.reach_of_layer]

    def biases_of(self, distances: Tensor | None) -> BiasesScores | None:
        """The scheme that biases scores, with the distances of these graphs if it uses them."""
        biases = self.biases
        if not isinstance(biases, ShortestPathBias):
            if distances is not None:
                raise ValueError("this model reads no graphs: it has no shortest_path positions")
            return biases
        if distances is None:
            raise ValueError("this model reads graphs: give it the distances between their nodes")
        return biases.of(distances)

    def across(
        self, x: Tensor, tokens: TokenPositions, memory: Memory | None, cache: Cache | None
    ) -> Sequence[CrossAttentionInput | None]:
        """What the cross-attention of each layer attends to: the source without padding.

        Raises:
            ValueError: the source is missing both here and in the cache, or given in both.
        """
        if not self.has_cross_attention:
            return [None] * len(self.blocks)
        sealed = None if cache is None else cache.source
        if memory is None and (sealed is None or sealed.length == 0):
            raise ValueError("an encoder-decoder needs a source, or a cache that has read one")
        if memory is None:
            memory = Memory(x[:, :0], TokenPositions(tokens.positions[:, :0]))
        elif sealed is not None and sealed.length > 0:
            raise ValueError("the cache has read its source already: give the source in the first call only")
        keys = memory.tokens if sealed is None else sealed.extend(memory.tokens)
        layers = [None] * len(self.blocks) if sealed is None else sealed.layers
        geometry = Geometry(tokens, keys, causal=False)
        return [CrossAttentionInput(memory.hidden, geometry, cache) for cache in layers]
