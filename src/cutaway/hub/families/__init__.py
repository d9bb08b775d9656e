"""One file per family; `FAMILIES` has them by `model_type`."""

from cutaway import plugins
from cutaway.errors import UserError
from cutaway.hub.families.bart import BART
from cutaway.hub.families.bert import BERT
from cutaway.hub.families.deepseek_v3 import DEEPSEEK_V3
from cutaway.hub.families.distilbert import DISTILBERT
from cutaway.hub.families.gemma2 import GEMMA2
from cutaway.hub.families.gemma3_text import GEMMA3_TEXT
from cutaway.hub.families.electra import ELECTRA
from cutaway.hub.families.gpt2 import GPT2
from cutaway.hub.families.ijepa import IJEPA
from cutaway.hub.families.gpt_neox import GPT_NEOX
from cutaway.hub.families.llama import LLAMA
from cutaway.hub.families.m2m_100 import M2M_100
from cutaway.hub.families.marian import MARIAN
from cutaway.hub.families.mbart import MBART
from cutaway.hub.families.mistral import MISTRAL
from cutaway.hub.families.mixtral import MIXTRAL
from cutaway.hub.families.modernbert import MODERNBERT
from cutaway.hub.families.mt5 import MT5
from cutaway.hub.families.nanochat import NANOCHAT
from cutaway.hub.families.opt import OPT
from cutaway.hub.families.phi3 import PHI3
from cutaway.hub.families.olmo2 import OLMO2
from cutaway.hub.families.olmo3 import OLMO3
from cutaway.hub.families.qwen2 import QWEN2
from cutaway.hub.families.qwen3 import QWEN3
from cutaway.hub.families.roberta import ROBERTA
from cutaway.hub.families.roberta_prelayernorm import ROBERTA_PRELAYERNORM
from cutaway.hub.families.smollm3 import SMOLLM3
from cutaway.hub.families.t5 import T5
from cutaway.hub.families.vit import VIT
from cutaway.hub.family import Family
from cutaway.plugins import load_plugin, plugin_names

FAMILIES: dict[str, Family] = {
    family.model_type: family
    for family in (
        BERT,
        GPT2,
        GPT_NEOX,
        OPT,
        LLAMA,
        MISTRAL,
        MIXTRAL,
        PHI3,
        QWEN2,
        QWEN3,
        GEMMA2,
        GEMMA3_TEXT,
        SMOLLM3,
        OLMO2,
        OLMO3,
        NANOCHAT,
        DEEPSEEK_V3,
        ROBERTA,
        ROBERTA_PRELAYERNORM,
        DISTILBERT,
        ELECTRA,
        MODERNBERT,
        T5,
        MT5,
        BART,
        MARIAN,
        MBART,
        M2M_100,
        VIT,
        IJEPA,
    )
}


def family_of(model_type: object, source: str) -> Family:
    """The family of this `model_type`.

    Raises:
        UserError: there is none; lists those that exist.
    """
    name = str(model_type)
    family: Family | None = FAMILIES.get(name) or load_plugin(plugins.FAMILIES, name, Family)
    if family is None:
        known = ", ".join(sorted(FAMILIES))
        raise UserError(f"{source} is of model_type {model_type!r}, which cutaway does not have; it has {known}")
    return family


def all_families() -> dict[str, Family]:
    """Every family by its `model_type`; those of other packages come last."""
    others = [name for name in plugin_names(plugins.FAMILIES) if name not in FAMILIES]
    return FAMILIES | {name: family_of(name, f"the plugin {name}") for name in others}
