"""Folders as the field keeps tokenizers, each small, and trained here."""

import base64
import io
import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

from support import require_module
from text.kinds import PROSE, READERS, train

ROBERTA = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
WIDE = ["ﬁne ½ cups ＡＢＣ ①② é e\u0301 Å K ﾊﾟ か\u3099", "tab\tand  spaces\u3000wide \u00a0here", "한국어 문장 テスト"]
SPEECH = [
    "thou art here and there, and everywhere else",
    "whither goest thou, my good lord, and wherefore",
    "the sun was shining on the sea, shining with all his might",
    "speak the speech, I pray you, as I pronounced it to you",
    "all the world is a stage, and all the men and women merely players",
]
LINES = [*(line.strip() for line in PROSE), *WIDE * 3, *SPEECH * 3]
SENTENCES = ["The cat sat", "a", "don't  low\tlower", "naïve CAFÉ, 漢字", "low\nlowest ", ""]


def write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def write_folder(folder: Path, model_type: str, **said: Any) -> Path:
    write_json(folder / "config.json", {"model_type": model_type})
    if said:
        write_json(folder / "tokenizer_config.json", said)
    return folder


def bert(folder: Path, **said: Any) -> Path:
    vocabulary = READERS["wordpiece"]._inner.get_vocab()
    write_folder(folder, "bert", **said)
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in sorted(vocabulary, key=vocabulary.__getitem__)))
    return folder


def byte_pairs(folder: Path, model_type: str, specials: Sequence[str], **said: Any) -> Path:
    write_folder(folder, model_type, **said)
    train("bpe", tuple(specials))._inner.model.save(str(folder))
    return folder


def pieces(folder: Path, model_type: str, name: str, choices: dict[str, Any], **said: Any) -> Path:
    write_folder(folder, model_type, **said)
    (folder / name).write_bytes(sentencepiece(**choices))
    return folder


def marian(folder: Path, **said: Any) -> Path:
    """The sides have pieces of their own, and a shared list of ids in an order of its own."""
    write_folder(folder, "marian", **said)
    (folder / "config.json").write_text(json.dumps({"model_type": "marian", "decoder_start_token_id": 3}))
    listed: dict[str, None] = dict.fromkeys([">>fra<<", "</s>", "<unk>", "<pad>"])
    for name, size, lines in (("source", 150, LINES), ("target", 120, SPEECH * 9)):
        ids = {"pad_id": -1, "bos_id": 1, "eos_id": 2, "unk_id": 0}
        model = sentencepiece(**UNIGRAM | ids | {"vocab_size": size}, lines=tuple(lines))
        (folder / f"{name}.spm").write_bytes(model)
        processor = require_module("sentencepiece").SentencePieceProcessor(model_proto=model)
        listed |= dict.fromkeys(processor.id_to_piece(i) for i in reversed(range(3, processor.get_piece_size())))
    write_json(folder / "vocab.json", {piece: i for i, piece in enumerate(listed)})
    return folder


def multilingual(folder: Path, model_type: str, name: str, trainer: Any, **said: Any) -> Path:
    """Pieces between fairseq's special tokens and a token per language, in a `tokenizer.json` of an older converter."""
    write_folder(folder, model_type, tokenizer_class=f"{name}Tokenizer", **said)
    codes = require_module(f"transformers.models.{name.lower()}.tokenization_{name.lower()}").FAIRSEQ_LANGUAGE_CODES
    spaces = pre_tokenizers.Metaspace()
    inner = tokenizers.Tokenizer(models.BPE() if isinstance(trainer, trainers.BpeTrainer) else models.Unigram())
    inner.normalizer = normalizers.NFKC()
    inner.pre_tokenizer, inner.decoder = spaces, decoders.Metaspace()
    inner.train_from_iterator(LINES, trainer)
    content = json.loads(inner.to_str())
    learned = content["model"]["vocab"]
    after = [*codes, "<mask>"]
    if isinstance(learned, dict):
        learned.update({token: i for i, token in enumerate(after, len(learned))})
        content["model"]["unk_token"] = "<unk>"
    else:
        learned += [[token, 0.0] for token in after]
        content["model"]["unk_id"] = FAIRSEQ.index("<unk>")
    content["normalizer"] = {"type": "Precompiled", "precompiled_charsmap": charsmap()}
    write_json(folder / "tokenizer.json", content)
    inner = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    inner.add_special_tokens([*FAIRSEQ, *after])
    inner.save(str(folder / "tokenizer.json"))
    return folder


def charsmap() -> str:
    """SentencePiece's table of characters to replace, as a `tokenizer.json` has it."""
    proto = require_module("sentencepiece.sentencepiece_model_pb2").ModelProto.FromString(sentencepiece(**UNIGRAM))
    return base64.b64encode(proto.normalizer_spec.precompiled_charsmap).decode()


FAIRSEQ = ("<s>", "<pad>", "</s>", "<unk>")
PIECES = {"special_tokens": list(FAIRSEQ), "vocab_size": 150, "show_progress": False}


def m2m_100(folder: Path, **said: Any) -> Path:
    """Pieces whose ids are in a list, in another order than in their file."""
    pieces(folder, "m2m_100", "sentencepiece.bpe.model", BYTE_PAIRS, tokenizer_class="M2M100Tokenizer", **said)
    model = sentencepiece(**BYTE_PAIRS)
    processor = require_module("sentencepiece").SentencePieceProcessor(model_proto=model)
    learned = [processor.id_to_piece(i) for i in reversed(range(3, processor.get_piece_size()))]
    write_json(folder / "vocab.json", {piece: i for i, piece in enumerate((*FAIRSEQ, *learned))})
    return folder


UNIGRAM = {
    "model_type": "unigram",
    "vocab_size": 160,
    "pad_id": 0,
    "eos_id": 1,
    "unk_id": 2,
    "bos_id": -1,
    "normalization_rule_name": "nmt_nfkc",
    "character_coverage": 0.98,
    "hard_vocab_limit": False,
}
OF_FAIRSEQ = UNIGRAM | {"pad_id": -1, "unk_id": 0, "bos_id": 1, "eos_id": 2}
BYTE_PAIRS = UNIGRAM | {"model_type": "bpe", "pad_id": -1, "unk_id": 0, "bos_id": 1, "eos_id": 2}
BYTE_FALLBACK = {
    "model_type": "bpe",
    "vocab_size": 400,
    "byte_fallback": True,
    "normalization_rule_name": "identity",
    "remove_extra_whitespaces": False,
    "allow_whitespace_only_pieces": True,
    "split_digits": True,
}


def sentencepiece(**choices: Any) -> bytes:
    return _sentencepiece(tuple(sorted(choices.items())))


@cache
def _sentencepiece(choices: tuple[tuple[str, Any], ...]) -> bytes:
    written = io.BytesIO()
    given = {"lines": LINES, **dict(choices)}
    lines = given.pop("lines")
    require_module("sentencepiece").SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=written, minloglevel=2, num_threads=1, **given
    )
    return written.getvalue()


def auto(folder: Path) -> Any:
    return require_module("transformers").AutoTokenizer.from_pretrained(str(folder))


LLAMA = {"add_bos_token": True, "tokenizer_class": "LlamaTokenizer"}
OPT = {"add_bos_token": True, "pad_token": "<pad>"} | dict.fromkeys(("bos_token", "eos_token", "unk_token"), "</s>")
FOLDERS: dict[str, Callable[[Path], Path]] = {
    "bert": bert,
    "bert cased": lambda folder: bert(folder, do_lower_case=False, strip_accents=True, tokenize_chinese_chars=False),
    "gpt2": lambda folder: byte_pairs(folder, "gpt2", ["<|endoftext|>"]),
    "gpt2 after a space": lambda folder: byte_pairs(folder, "gpt2", ["<|endoftext|>"], add_prefix_space=True),
    "opt": lambda folder: byte_pairs(folder, "opt", ROBERTA[:4], **OPT),
    "roberta": lambda folder: byte_pairs(folder, "roberta", ROBERTA),
    "bart": lambda folder: byte_pairs(
        folder,
        "bart",
        ROBERTA,
        tokenizer_class="BartTokenizer",
        mask_token={"__type": "AddedToken", "content": "<mask>", "lstrip": True, "normalized": False},
    ),
    "t5": lambda folder: pieces(folder, "t5", "spiece.model", UNIGRAM),
    "mt5": lambda folder: pieces(folder, "mt5", "spiece.model", UNIGRAM, extra_ids=0),
    "mbart": lambda folder: multilingual(
        folder, "mbart", "MBart", trainers.UnigramTrainer(unk_token="<unk>", **PIECES), src_lang="ro_RO"
    ),
    "mbart 50": lambda folder: multilingual(
        folder, "mbart", "MBart50", trainers.UnigramTrainer(unk_token="<unk>", **PIECES)
    ),
    "m2m_100": lambda folder: multilingual(
        folder, "m2m_100", "Nllb", trainers.BpeTrainer(**PIECES), src_lang="fra_Latn"
    ),
    "m2m_100 legacy": lambda folder: multilingual(
        folder, "m2m_100", "Nllb", trainers.BpeTrainer(**PIECES), legacy_behaviour=True
    ),
    "mbart pieces": lambda folder: pieces(
        folder, "mbart", "sentencepiece.bpe.model", OF_FAIRSEQ, tokenizer_class="MBartTokenizer"
    ),
    "mbart 50 pieces": lambda folder: pieces(
        folder, "mbart", "sentencepiece.bpe.model", OF_FAIRSEQ, tokenizer_class="MBart50Tokenizer", src_lang="fr_XX"
    ),
    "llama": lambda folder: pieces(folder, "llama", "tokenizer.model", BYTE_FALLBACK, **LLAMA),
    "llama to the end": lambda folder: pieces(
        folder, "llama", "tokenizer.model", BYTE_FALLBACK, **LLAMA, add_eos_token=True
    ),
}
GEMMA = BYTE_FALLBACK | {"pad_id": 0, "eos_id": 1, "bos_id": 2, "unk_id": 3, "add_dummy_prefix": False}
CONVERTED: dict[str, Callable[[Path], Path]] = {
    "gemma": lambda folder: pieces(folder, "gemma2", "tokenizer.model", GEMMA, tokenizer_class="GemmaTokenizer"),
}
"""Folders that are only read once `transformers` has written their `tokenizer.json`."""
