"""RoBERTa (Liu et al. 2019): BERT with positions counted from the id of the padding token."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from cutaway.config.model import ModelConfig
from cutaway.hub.families import bert
from cutaway.hub.family import Family, HeadTable
from cutaway.hub.options import Joint, Options, with_default
from cutaway.hub.weight_rules import Rule, SkipRows, same


def rules(c: ModelConfig, skipped: int) -> Iterable[Rule]:
    """The body; the table of positions starts with unused rows."""
    yield from bert.embeddings(c, SkipRows(skipped))
    yield from bert.layers(c)


def language_rules(c: ModelConfig) -> Iterable[Rule]:
    """The head of masked language modelling."""
    yield from same("lm_head.dense", "head.transform.dense")
    yield from same("lm_head.layer_norm", "head.transform.norm")
    yield from bert.projection_rules(c, "lm_head")


def sequence_rules(c: ModelConfig) -> Iterable[Rule]:
    """The head of text classification."""
    yield from same("classifier.dense", "head.dense")
    yield from same("classifier.out_proj", "head.projection")


def options(skipped: int) -> Options:
    """BERT's embedding, with unused rows in the table of positions."""

    def read(found: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"context": found.get("max_position_embeddings", 512) - skipped}

    def write(choices: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"max_position_embeddings": choices["context"] + skipped}

    return (*with_default(bert.OPTIONS, "vocab_size", 50265), Joint(("max_position_embeddings",), read, write))


def heads(name: str, prefix: str) -> Mapping[str, HeadTable]:
    """The classes with names that start with `name`, and with bodies' weights that start with `prefix`."""
    of_bert = bert.BERT.heads
    ignored = {rf"({prefix}\.)?pooler\..*": "a pooler that this head does not read"}
    return {
        "masked_language_modeling": HeadTable(
            architecture=f"{name}ForMaskedLM",
            choices=bert.LANGUAGE | {"head.transform": "gelu"},
            rules=language_rules,
            options=(bert.TIED,),
            ignored=ignored | bert.unused_bias("lm_head"),
            **bert.tied_or_not("lm_head", f"{prefix}.embeddings.word_embeddings.weight"),
        ),
        "sentence_embedding": replace(of_bert["sentence_embedding"], architecture=f"{name}Model", ignored=ignored),
        "sequence_classification": HeadTable(
            architecture=f"{name}ForSequenceClassification",
            choices=bert.SEQUENCE,
            rules=sequence_rules,
            ignored=ignored,
        ),
        "token_classification": replace(
            of_bert["token_classification"], architecture=f"{name}ForTokenClassification", ignored=ignored
        ),
        "question_answering": replace(
            of_bert["question_answering"], architecture=f"{name}ForQuestionAnswering", ignored=ignored
        ),
    }


def roberta(padding: int) -> Family:
    """The family for a padding token with this id: positions start after it."""
    skipped = padding + 1
    return Family(
        model_type="roberta",
        prefix="roberta",
        options=options(skipped),
        choices=bert.CHOICES,
        required=bert.REQUIRED,
        rules=partial(rules, skipped=skipped),
        heads=heads("Roberta", "roberta"),
        unread=bert.UNREAD,
        ignored=bert.BERT.ignored,
        equivalent=bert.NO_SEGMENTS,
        by_padding=roberta,
    )


ROBERTA = roberta(padding=1)
