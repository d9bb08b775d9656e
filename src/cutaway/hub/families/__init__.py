"""A file a family; `FAMILIES` finds them by `model_type`."""

from cutaway.errors import UserError
from cutaway.hub.families.bart import BART
from cutaway.hub.families.bert import BERT
from cutaway.hub.families.deepseek_v3 import DEEPSEEK_V3
from cutaway.hub.families.distilbert import DISTILBERT
from cutaway.hub.families.gpt2 import GPT2
from cutaway.hub.families.llama import LLAMA
from cutaway.hub.families.marian import MARIAN
from cutaway.hub.families.mistral import MISTRAL
from cutaway.hub.families.nanochat import NANOCHAT
from cutaway.hub.families.qwen2 import QWEN2
from cutaway.hub.families.qwen3 import QWEN3
from cutaway.hub.families.roberta import ROBERTA
from cutaway.hub.families.roberta_prelayernorm import ROBERTA_PRELAYERNORM
from cutaway.hub.families.t5 import T5
from cutaway.hub.families.vit import VIT
from cutaway.hub.family import Family

FAMILIES: dict[str, Family] = {
    family.model_type: family
    for family in (
        BERT,
        GPT2,
        LLAMA,
        MISTRAL,
        QWEN2,
        QWEN3,
        NANOCHAT,
        DEEPSEEK_V3,
        ROBERTA,
        ROBERTA_PRELAYERNORM,
        DISTILBERT,
        T5,
        BART,
        MARIAN,
        VIT,
    )
}


def family_of(model_type: object, source: str) -> Family:
    """The family of this `model_type`.

    Raises:
        UserError: there is none; names those that there are.
    """
    if not isinstance(model_type, str) or model_type not in FAMILIES:
        known = ", ".join(sorted(FAMILIES))
        raise UserError(f"{source} is of model_type {model_type!r}, which cutaway does not have; it has {known}")
    return FAMILIES[model_type]
