"""Which model a run goes on from."""

from pydantic import Field

from cutaway.config.base import Record


class OriginConfig(Record):
    """A model whose body, tokens and weights a run takes over."""

    model: str = Field(description="whatever can be loaded: a run folder, another checkpoint")
    revision: str | None = Field(None, description="of a model that is known by its name on a hub")
