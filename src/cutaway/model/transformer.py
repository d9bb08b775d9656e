"""The model: a body that reads and a head that answers."""

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from cutaway.model.heads import LanguageHead
from cutaway.model.stack import Stack
from cutaway.nn.cache import Cache


class Transformer(nn.Module):
    """A decoder language model (Radford et al. 2018).

    `model(tokens)` gives logits and nothing else: losses live in tasks, sampling in `generate`. To read only some of
    the logits, call the two parts: ``model.head(model.decoder(tokens)[:, -1:])``.
    """

    def __init__(self, decoder: Stack, head: LanguageHead) -> None:
        super().__init__()
        self.decoder = decoder
        self.head = head

    def make_cache(self, batch: int, slots: int) -> Cache:
        """Makes room to remember `slots` tokens of `batch` sequences while decoding."""
        return self.decoder.make_cache(batch, slots)

    def forward(
        self,
        tokens: Int[Tensor, "B T"],
        *,
        attention_mask: Int[Tensor, "B T"] | Bool[Tensor, "B T"] | None = None,
        documents: Int[Tensor, "B T"] | None = None,
        cache: Cache | None = None,
    ) -> Float[Tensor, "B T V"]:
        """Scores, after each token, every token that might follow.

        Args:
            tokens: ids.
            attention_mask: 1 for text, 0 for padding, on either side. What stands at padding is arbitrary.
            documents: a number a token: tokens see their own document only. Without it a row is one document.
            cache: what earlier calls remembered; these tokens follow them and are added to it.

        Raises:
            ValueError: more tokens than the model has positions or the cache has slots.
        """
        return self.head(self.decoder(tokens, attention_mask, documents, cache))
