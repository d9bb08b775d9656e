"""ELECTRA (Clark et al. 2020): BERT's layers, an embedding of another width, and heads without a pooler.

Discriminators are read as bodies: their head, which finds replaced tokens, is that of no task here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from cutaway.config.head import LanguageHeadConfig
from cutaway.config.model import ModelConfig
from cutaway.hub.families import bert
from cutaway.hub.family import Family, HeadTable, is_tied
from cutaway.hub.options import Joint, Option, with_default
from cutaway.hub.weight_rules import Rule, same


def rules(c: ModelConfig) -> Iterable[Rule]:
    """The body; an embedding as wide as the layers has no layer after it."""
    yield from bert.embeddings(c)
    if c.embedding.kind == "tokens" and c.embedding.token_width:
        yield from same("embeddings_project", "encoder.embed.projection")
    yield from bert.layers(c)


def language_rules(c: ModelConfig) -> Iterable[Rule]:
    """The head of masked language modelling, a generator's."""
    yield from same("generator_predictions.dense", "head.transform.dense")
    yield from same("generator_predictions.LayerNorm", "head.transform.norm")
    yield Rule(("generator_lm_head.bias",), ("head.projection.bias",))
    if isinstance(c.head, LanguageHeadConfig) and not is_tied(c):
        yield Rule(("generator_lm_head.weight",), ("head.projection.weight",))


def sequence_rules(c: ModelConfig) -> Iterable[Rule]:
    """The head of text classification."""
    yield from same("classifier.dense", "head.dense")
    yield from same("classifier.out_proj", "head.projection")


def read_widths(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """The width of the model, and that of its embedding if it is another."""
    width, own = found.get("hidden_size", 256), found.get("embedding_size", 128)
    return {"width": width, "embedding.token_width": None if own == width else own}


def write_widths(choices: Mapping[str, Any]) -> Mapping[str, Any]:
    """The inverse."""
    width = choices["width"]
    return {"hidden_size": width, "embedding_size": choices["embedding"]["token_width"] or width}


def options() -> tuple[Option | Joint, ...]:
    """BERT's, with other defaults and a width of the embedding."""
    others = tuple(one for one in bert.OPTIONS if one.ours != "width")
    of_bert = with_default(with_default(others, "num_attention_heads", 4), "intermediate_size", 1024)
    widths = Joint(("hidden_size", "embedding_size"), read_widths, write_widths)
    return (*of_bert, widths, Option("max_position_embeddings", "context", 512))


DISCRIMINATOR = {r"discriminator_predictions\..*": "a head for replaced tokens"}
OF_BERT = bert.BERT.heads

ELECTRA = Family(
    model_type="electra",
    prefix="electra",
    options=options(),
    choices=bert.CHOICES,
    required=bert.REQUIRED,
    rules=rules,
    heads={
        "masked_language_modeling": HeadTable(
            architecture="ElectraForMaskedLM",
            choices=bert.LANGUAGE | {"head.transform": "gelu"},
            rules=language_rules,
            options=(bert.TIED,),
            repeated={"generator_lm_head.weight": "electra.embeddings.word_embeddings.weight"},
        ),
        "sentence_embedding": HeadTable(
            architecture="ElectraModel",
            choices={"head.kind": "embedding", "head.pooling": "mean"},
            ignored=DISCRIMINATOR,
        ),
        "sequence_classification": HeadTable(
            architecture="ElectraForSequenceClassification",
            choices=bert.SEQUENCE | {"head.activation": "gelu"},
            rules=sequence_rules,
        ),
        "token_classification": replace(
            OF_BERT["token_classification"], architecture="ElectraForTokenClassification", ignored={}
        ),
        "question_answering": replace(
            OF_BERT["question_answering"], architecture="ElectraForQuestionAnswering", ignored={}
        ),
    },
    also={"ElectraForPreTraining": "sentence_embedding"},
    unread={
        *("summary_type", "summary_use_proj", "summary_activation", "summary_last_dropout"),  # of multiple choice
        *bert.UNREAD,
    },
    renamed=bert.BERT.renamed,
    ignored=bert.BERT.ignored,
    equivalent=bert.NO_SEGMENTS,
)
