"""Encoder-decoders write here what they write in `transformers`, whatever token they begin with."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing

from cli.command import printed
from cutaway.files import write_text
from cutaway.generation.beams import BeamOptions
from cutaway.generation.sampling import Sampling
from cutaway.model.run_folder import write_json
from cutaway.pipeline import load
from hub.families import bart, t5
from hub.parity import Case, theirs
from support import require_module

WORDS = [f"w{i}" for i in range(32)]
SPECIAL = {"<s>": 0, "</s>": 1, "<pad>": 2, "<unk>": 3}
TEXTS = [" ".join(WORDS[i::5]) for i in range(8)]
NEW_TOKENS = 12
START = {"t5": "<pad>", "marian": "<pad>", "mbart": "<s>", "m2m": "</s>", "bart": "</s>", "bart-forced": "</s>"}
CLASSES = {"marian": "Marian", "mbart": "MBart", "m2m": "M2M100", "bart": "Bart", "bart-forced": "Bart"}
PLAIN, FRAMED = "$A </s>", "<s> $A </s>"
IDS = {"pad_token_id": 2, "bos_token_id": 0, "eos_token_id": 1, "forced_eos_token_id": None}


def case(name: str) -> Case:
    """A tiny model with these tokens."""
    ids = IDS | {"decoder_start_token_id": SPECIAL[START[name]], "vocab_size": len(SPECIAL) + len(WORDS)}
    if name == "t5":
        return t5.case(**ids)
    return bart.case(
        CLASSES[name], **ids, scale_embedding=name in ("marian", "mbart", "m2m"), max_position_embeddings=40
    )


@torch.no_grad()
def make(name: str, folder: Path) -> Any:
    """Their model in a folder; it looks at its source more than at what it wrote, and so does not write one word on."""
    model = theirs(case(name))
    for weight_name, weight in model.named_parameters():
        weight *= 3 if "encoder_attn." in weight_name or "EncDecAttention" in weight_name else 1
    given = {key: model.config.to_dict().get(key) for key in IDS} | {"decoder_start_token_id": SPECIAL[START[name]]}
    given["forced_bos_token_id"] = 0 if name == "bart-forced" else None
    model.generation_config = require_module("transformers").GenerationConfig(**given)
    model.save_pretrained(folder)
    return model


def write_tokenizer(name: str, folder: Path) -> Tokenizer:
    """Words, and what this family puts around a source."""
    numbers = SPECIAL | {word: number for number, word in enumerate(WORDS, len(SPECIAL))}
    tokenizer = Tokenizer(WordLevel(numbers, unk_token="<unk>"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    frame = FRAMED if name.startswith("bart") else PLAIN
    tokenizer.post_processor = TemplateProcessing(single=frame, special_tokens=[("<s>", 0), ("</s>", 1)])
    tokenizer.add_special_tokens(list(SPECIAL))
    write_text(folder / "tokenizer.json", tokenizer.to_str())
    roles = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>", "bos_token": "<s>"}
    write_json(folder / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", **roles})
    return tokenizer


@pytest.mark.parametrize("name", START)
@torch.no_grad()
def test_both_write_the_same(name: str, tmp_path: Path) -> None:
    model = make(name, tmp_path)
    tokenizer = write_tokenizer(name, tmp_path)
    pipeline = load(tmp_path)
    assert pipeline.tokenizer.start == SPECIAL[START[name]]
    assert pipeline.tokenizer.first == (0 if name == "bart-forced" else None)
    seq2seq_generator = pipeline.seq2seq_generator("translate")
    ours = [
        best[0]["text"] for best in seq2seq_generator.search(TEXTS, BeamOptions(num_beams=1, max_new_tokens=NEW_TOKENS))
    ]
    assert seq2seq_generator.sample(TEXTS, NEW_TOKENS, Sampling(temperature=0.0)) == ours
    never = {SPECIAL[token] for token in ("<pad>", "<unk>", START[name])} - {SPECIAL["</s>"]}
    for text, written in zip(TEXTS, ours, strict=True):
        ids = model.generate(
            torch.tensor([tokenizer.encode(text).ids]),
            max_new_tokens=NEW_TOKENS + (name == "bart-forced"),
            bad_words_ids=[[token] for token in never],
            do_sample=False,
            num_beams=1,
            use_cache=name != "t5",  # there it fails where both stacks differ in depth
        )
        assert written == tokenizer.decode(ids[0].tolist())
    assert len(set(ours)) > 3


LANGUAGES = ("w30", "w31")
"""Words that are languages."""
OF_LANGUAGES = [text for text in TEXTS if not set(text.split()) & set(LANGUAGES)]


@pytest.mark.parametrize(("name", "frame"), [("m2m", "w30 $A </s>"), ("mbart", "$A </s> w30")])
@torch.no_grad()
def test_both_write_the_same_in_another_language(name: str, frame: str, tmp_path: Path) -> None:
    model = make(name, tmp_path)
    tokenizer = write_tokenizer(name, tmp_path)
    tokenizer.add_special_tokens(list(LANGUAGES))
    ids = {word: SPECIAL["<unk>"] + 1 + WORDS.index(word) for word in LANGUAGES}
    special = [("</s>", 1), *ids.items()]
    tokenizer.post_processor = TemplateProcessing(single=frame, special_tokens=special)
    write_text(tmp_path / "tokenizer.json", tokenizer.to_str())
    written, shown = {}, {}
    for source, target in (LANGUAGES, LANGUAGES[::-1]):
        tokenizer.post_processor = TemplateProcessing(single=frame.replace("w30", source), special_tokens=special)
        begun = {"forced_bos_token_id": ids[target]} if name == "m2m" else {"decoder_start_token_id": ids[target]}
        generator = load(tmp_path).for_languages(source, target).seq2seq_generator("translate")
        asked = ("--source-language", source, "--target-language", target, "--beams", "1")
        shown[target] = printed("translate", tmp_path, OF_LANGUAGES[0], *asked, "--device", "cpu").strip()
        found = generator.search(OF_LANGUAGES, BeamOptions(num_beams=1, max_new_tokens=NEW_TOKENS))
        never = {SPECIAL["<pad>"], SPECIAL["<unk>"]} | ({ids[target]} if name == "mbart" else set())
        for text, best in zip(OF_LANGUAGES, found, strict=True):
            theirs_ids = model.generate(
                torch.tensor([tokenizer.encode(text).ids]),
                max_new_tokens=NEW_TOKENS + (name == "m2m"),
                bad_words_ids=[[token] for token in never],
                do_sample=False,
                num_beams=1,
                **begun,
            )
            assert best[0]["text"] == tokenizer.decode(theirs_ids[0].tolist())
            written[target, text] = best[0]["text"]
    for target in LANGUAGES:
        assert shown[target].startswith(written[target, OF_LANGUAGES[0]])
    assert any(written["w30", text] != written["w31", text] for text in OF_LANGUAGES)
