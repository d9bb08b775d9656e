"""Embedding, blocks and final norm: from inputs to hidden states."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor, nn

from cutaway.model.block import Block, CrossAttentionInput, Memory, ParallelBlock, cached_shapes
from cutaway.nn.cache import Cache
from cutaway.nn.embeddings import Embedding
from cutaway.nn.geometry import Geometry, TokenPositions, token_positions
from cutaway.nn.positions import BiasesScores, Rotates, ShortestPathBias
from cutaway.tap import tap


@dataclass(frozen=True)
class MaskSpec:
    """Which tokens a stack attends to.

    Attributes:
        causal: only to themselves and to earlier tokens.
        window: only to this many tokens, themselves included; and as many later ones if not causal.
        max_positions: the number of positions; None if the scheme is unlimited.
        across: whether the blocks have cross-attention to a source.
    """

    causal: bool = True
    window: int | None = None
    max_positions: int | None = None
    across: bool = False


class Stack(nn.Module):
    """Blocks over one sequence; what depends on positions is computed once for all of them."""

    taps = ("norm",)

    def __init__(
        self,
        embed: Embedding,
        blocks: Sequence[Block | ParallelBlock],
        norm: nn.Module,
        mask_spec: MaskSpec,
        *,
        rotary: Rotates | None = None,
        biases: BiasesScores | ShortestPathBias | None = None,
    ) -> None:
        super().__init__()
        self.embed = embed
        for i, block in enumerate(blocks):
            self.add_module(str(i), block)
        self.norm = norm
        self.mask_spec = mask_spec
        self.rotary = rotary
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

    def make_cache(self, batch: int, slots: int, source_slots: int = 0) -> Cache:
        """Allocates a cache of `slots` tokens for `batch` sequences, in the dtype and on the device of the weights.

        With cross-attention, it also has `source_slots` tokens of the source.
        """
        weight = next(weight for weight in self.parameters() if weight.is_floating_point())
        like = torch.empty(0, dtype=weight.dtype, device=weight.device)
        across = [cached_shapes(block, "cross_attention") for block in self.blocks]
        source = Cache(across, batch, source_slots, like) if self.mask_spec.across else None
        return Cache([cached_shapes(block, "self_attention") for block in self.blocks], batch, slots, like, source)

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
        geometry = self.geometry(tokens, cache, distances)
        x = self.embed(inputs, tokens.positions, segments)
        across = self.across(x, tokens, memory, cache)
        for i, block in enumerate(self.blocks):
            x = block(x, geometry, None if cache is None else cache.layers[i], across[i])
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
        if self.mask_spec.max_positions is not None and length > self.mask_spec.max_positions:
            raise ValueError(
                f"the model has {self.mask_spec.max_positions} positions, but the text has {length} tokens"
            )
        if cache is not None and documents is not None:
            raise ValueError("packed documents are for training: they cannot be continued from a cache")
        return token_positions(tokens, attention_mask, documents, 0 if cache is None else cache.next_position)

    def geometry(self, tokens: TokenPositions, cache: Cache | None, distances: Tensor | None = None) -> Geometry:
        """What attention needs besides queries, keys and values; shared by all layers.

        Raises:
            ValueError: distances between nodes are missing, or given to a model that reads no graphs.
        """
        keys = tokens if cache is None else cache.extend(tokens)
        rotation = None if self.rotary is None else self.rotary(tokens.positions)
        return Geometry(tokens, keys, self.mask_spec.causal, self.mask_spec.window, rotation, self.biases_of(distances))

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
        if not self.mask_spec.across:
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
