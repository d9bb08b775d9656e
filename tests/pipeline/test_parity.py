"""Every verb answers as `transformers` does: text in and answers out, on tiny models that it wrote itself."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cutaway import check
from cutaway.config.reading import load_preset, override
from cutaway.errors import UserError
from cutaway.generation.beams import BeamOptions
from cutaway.model.build import build
from cutaway.pipeline import Pipeline
from cutaway.pipeline.exporting import longest_text
from cutaway.pipeline.loading import load
from support import require_module
from text.folders import ROBERTA as ROBERTA_TOKENS
from text.folders import auto, bert, byte_pairs, marian, write_json

TEXTS = ["the cat sat on the mat", "low", "naïve CAFÉ, lower don't"]
NAMES = {0: "no", 1: "yes", 2: "perhaps"}
LABELS = {"id2label": NAMES, "label2id": {name: number for number, name in NAMES.items()}}
SIZES = {
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 50,
    "max_position_embeddings": 40,
}
MARIAN = {
    **dict.fromkeys(("encoder_layers", "decoder_layers"), 2),
    **dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 4),
    **dict.fromkeys(("encoder_ffn_dim", "decoder_ffn_dim"), 50),
    "d_model": 24,
    "max_position_embeddings": 60,
}
SMALL_GPT2 = {"n_embd": 24, "n_layer": 2, "n_head": 4, "n_positions": 40}
SMALL_LLAMA = {**SIZES, "hidden_act": "silu", "num_key_value_heads": 2}


def tokenizer_of(kind: str, folder: Path) -> Any:
    """A tokenizer of theirs, with the special tokens around a text of its family."""
    if kind == "bert":
        return auto(bert(folder))
    if kind == "roberta":
        return auto(byte_pairs(folder, "roberta", ROBERTA_TOKENS))
    return auto(byte_pairs(folder, "gpt2", ["<|endoftext|>"]))


def written(name: str, kind: str, tmp_path: Path, **options: Any) -> tuple[Pipeline, Path]:
    """A random model of theirs with its tokenizer, opened here, and its folder."""
    transformers = require_module("transformers")
    tokenizer = tokenizer_of(kind, tmp_path / "tokens")
    ids = {f"{role}_token_id": getattr(tokenizer, f"{role}_token_id") for role in ("pad", "bos", "eos")}
    given = {role: number for role, number in ids.items() if number is not None}
    torch.manual_seed(0)
    architecture = getattr(transformers, name)
    config = architecture.config_class(vocab_size=len(tokenizer), **given, **options)
    model = architecture(config).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.2 * torch.randn_like(weight)
    model.save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    return load(tmp_path / "model"), tmp_path / "model"


def reference(task: str, folder: Path, **options: Any) -> Any:
    return require_module("transformers").pipeline(task, model=str(folder), device="cpu", **options)


def tokens_of(folder: Path, *texts: str, **options: Any) -> Any:
    return auto(folder)(*texts, return_tensors="pt", **options)


MASKED = [("BertForMaskedLM", "bert"), ("RobertaForMaskedLM", "roberta"), ("DistilBertForMaskedLM", "bert")]
DISTILLED = {"dim": 24, "n_layers": 2, "n_heads": 4, "hidden_dim": 50, "max_position_embeddings": 40}


def sizes(name: str) -> dict[str, Any]:
    if name.startswith("GPT2"):
        return SMALL_GPT2
    return DISTILLED if name.startswith("DistilBert") else SMALL_LLAMA if name.startswith("Llama") else SIZES


@pytest.mark.parametrize(("name", "kind"), MASKED)
def test_fill(name: str, kind: str, tmp_path: Path) -> None:
    pipeline, folder = written(name, kind, tmp_path, **sizes(name))
    theirs = reference("fill-mask", folder)
    mask = theirs.tokenizer.mask_token
    for text in (f"the {mask} sat on the mat", f"low{mask}", mask, f"naïve {mask}, it's"):
        (found,) = pipeline.fill(text, top_k=7)
        expected = theirs(text, top_k=7)
        assert [one.token.strip() for one in found if "\\x" not in one.token] == [
            one["token_str"].strip() for one in expected if "\ufffd" not in one["token_str"]
        ]
        assert [one.probability for one in found] == pytest.approx([one["score"] for one in expected], rel=1e-4)


CLASSIFIERS = [
    ("BertForSequenceClassification", "bert"),
    ("RobertaForSequenceClassification", "roberta"),
    ("DistilBertForSequenceClassification", "bert"),
    ("GPT2ForSequenceClassification", "gpt2"),
    ("LlamaForSequenceClassification", "gpt2"),
]


@pytest.mark.parametrize(("name", "kind"), CLASSIFIERS)
@pytest.mark.parametrize("problem", ["single_label_classification", "multi_label_classification"])
def test_classify(name: str, kind: str, problem: str, tmp_path: Path) -> None:
    pipeline, folder = written(name, kind, tmp_path, **sizes(name), **LABELS, problem_type=problem)
    theirs = reference("text-classification", folder, top_k=None)
    for text, found in zip(TEXTS, pipeline.classify(TEXTS), strict=True):
        expected = {one["label"]: one["score"] for one in theirs(text)[0]}
        assert found.probabilities == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("name", "kind"), CLASSIFIERS)
def test_long_texts_are_cut_alike(name: str, kind: str, tmp_path: Path) -> None:
    pipeline, folder = written(name, kind, tmp_path, **sizes(name), **LABELS)
    theirs = reference("text-classification", folder, top_k=None)
    text = "low the " * 60
    truncated: Counter[str] = Counter()
    (found,) = pipeline.classify([text], truncated=truncated)
    assert truncated == {f"cut to {pipeline.config.model.context} tokens": 1}
    expected = theirs(text, truncation=True, max_length=pipeline.config.model.context)
    assert found.probabilities == pytest.approx({one["label"]: one["score"] for one in expected[0]}, rel=1e-4)


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_tag(kind: str, tmp_path: Path) -> None:
    name = {"bert": "BertForTokenClassification", "roberta": "RobertaForTokenClassification"}[kind]
    pipeline, folder = written(name, kind, tmp_path, **SIZES, **LABELS)
    model = getattr(require_module("transformers"), name).from_pretrained(folder).eval()
    for text in TEXTS:
        words = text.split()
        more = {"add_prefix_space": True} if kind == "roberta" else {}
        tokenizer = require_module("transformers").AutoTokenizer.from_pretrained(str(folder), **more)
        given = tokenizer(words, is_split_into_words=True, return_tensors="pt")
        with torch.no_grad():
            probabilities = model(**given).logits[0].double().softmax(dim=-1)
        places = [given.word_ids().index(number) for number in range(len(words))]
        found = pipeline.tag(text)
        best = probabilities[places].max(dim=-1)
        assert [one.tag for one in found] == [NAMES[int(index)] for index in best.indices]
        assert [one.probability for one in found] == pytest.approx(best.values.tolist(), rel=1e-4)


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_answer(kind: str, tmp_path: Path) -> None:
    name = {"bert": "BertForQuestionAnswering", "roberta": "RobertaForQuestionAnswering"}[kind]
    pipeline, folder = written(name, kind, tmp_path, **SIZES)
    model = getattr(require_module("transformers"), name).from_pretrained(folder).eval()
    question, context = "it?", "the cat sat on the mat"
    given = tokens_of(folder, question, context, return_offsets_mapping=True)
    inside = [place for place, side in enumerate(given.sequence_ids()) if side == 1]
    offsets = given.pop("offset_mapping")[0].tolist()
    with torch.no_grad():
        output = model(**given)
    start, end = (logits[0].double().softmax(dim=-1) for logits in (output.start_logits, output.end_logits))
    scores = {(a, b): float(start[a] * end[b]) for a in inside for b in inside if a <= b < a + 30}
    first, last = max(scores, key=scores.__getitem__)
    found = pipeline.answer(question, context)
    assert found.probability == pytest.approx(scores[first, last], rel=1e-4)
    assert found.answer == context[offsets[first][0] : offsets[last][1]].strip()


@pytest.mark.parametrize(("name", "kind"), [("GPT2LMHeadModel", "gpt2"), ("LlamaForCausalLM", "gpt2")])
def test_generate_and_score(name: str, kind: str, tmp_path: Path) -> None:
    pipeline, folder = written(name, kind, tmp_path, **sizes(name))
    theirs = reference("text-generation", folder)
    for text in TEXTS:
        expected = theirs(text, max_new_tokens=9, do_sample=False, return_full_text=False)[0]["generated_text"]
        assert pipeline.generate(text, 9, temperature=0) == expected
    given = tokens_of(folder, TEXTS[0])["input_ids"]
    with torch.no_grad():
        logits = theirs.model(given).logits[0, :-1].log_softmax(dim=-1)
    scores = logits.gather(-1, given[0, 1:, None])[:, 0]
    assert [one.log_probability for one in pipeline.score(TEXTS[0])] == pytest.approx(scores.tolist(), rel=1e-4)


@pytest.mark.parametrize(("name", "kind"), [("BertModel", "bert"), ("RobertaModel", "roberta"), ("LlamaModel", "gpt2")])
def test_embed(name: str, kind: str, tmp_path: Path) -> None:
    pipeline, folder = written(name, kind, tmp_path, **sizes(name))
    theirs = reference("feature-extraction", folder)
    for text in TEXTS:
        expected = np.array(theirs(text)[0]).mean(axis=0)
        assert pipeline.embed(text, pooling="mean") == pytest.approx(expected, rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_classify_images(channels: int, tmp_path: Path) -> None:
    transformers = require_module("transformers")
    body = {name: size for name, size in SIZES.items() if name != "max_position_embeddings"}
    config = transformers.ViTConfig(**body, image_size=8, patch_size=4, num_channels=channels, **LABELS)
    torch.manual_seed(0)
    transformers.ViTForImageClassification(config).eval().save_pretrained(tmp_path)
    mean = [0.4, 0.5, 0.6][:channels]
    processor = transformers.ViTImageProcessorPil(size={"height": 8, "width": 8}, image_mean=mean, image_std=mean)
    processor.save_pretrained(tmp_path)
    pixels = np.random.default_rng(0).integers(256, size=(8, 8, channels), dtype=np.uint8)
    given = processor(pixels, input_data_format="channels_last", return_tensors="pt")
    model = transformers.ViTForImageClassification.from_pretrained(tmp_path).eval()
    with torch.no_grad():
        expected = model(**given).logits[0].softmax(dim=-1).tolist()
    found = load(tmp_path).classify(pixels)
    assert list(found.probabilities.values()) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("preset", ["vit-nano", "vit-b16"])
def test_grey_pictures_are_classified_alike_in_a_pipeline(preset: str, tmp_path: Path) -> None:
    image = require_module("PIL.Image")
    sizes = ("model.layers=2", "model.width=48", "model.embedding.patch=4", "model.head.labels=3")
    pixels = ("model.embedding.channels=1", "model.embedding.height=8", "model.embedding.width=12")
    scale = ("task.values=bytes", "task.mean=[33.3]", "task.std=[70.7]", "task.labels=[no,yes,perhaps]")
    config = override(load_preset(preset), [*sizes, *pixels, *scale])
    ours = Pipeline(build(config.model, seed=3).eval(), None, config)
    with torch.no_grad():
        for weight in ours.model.parameters():
            weight.add_(0.1 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(weight.numel())))
    exported = ours.export(tmp_path / "out")
    assert exported.against == "transformers"
    drawn = np.random.default_rng(0).integers(256, size=(8, 12), dtype=np.uint8)
    image.fromarray(drawn).save(tmp_path / "grey.png")
    theirs = reference("image-classification", tmp_path / "out", top_k=None)
    back = load(tmp_path / "out")
    for given in (str(tmp_path / "grey.png"), image.open(tmp_path / "grey.png")):
        expected = {one["label"]: one["score"] for one in theirs(given)}
        assert max(expected.values()) - min(expected.values()) > 0.01
        assert ours.classify(tmp_path / "grey.png").probabilities == pytest.approx(expected, rel=0, abs=1e-5)
        assert back.classify(tmp_path / "grey.png").probabilities == pytest.approx(expected, rel=0, abs=1e-5)
    assert back.config.model.embedding == ours.config.model.embedding
    assert back.config.task.mean == pytest.approx(ours.config.task.mean)
    weights = dict(back.model.named_parameters())
    assert all(torch.equal(weight, weights[name]) for name, weight in ours.model.named_parameters())
    assert back.export(tmp_path / "again").difference < 1e-5
    assert (tmp_path / "again/config.json").read_text() == (tmp_path / "out/config.json").read_text()


def test_translate_by_two_tokenizers(tmp_path: Path) -> None:
    transformers = require_module("transformers")
    folder = marian(tmp_path)
    tokenizer = auto(folder)
    start = {"decoder_start_token_id": 3, "pad_token_id": 3, "eos_token_id": 1, "forced_eos_token_id": None}
    torch.manual_seed(0)
    config = transformers.MarianConfig(**MARIAN, vocab_size=len(tokenizer), decoder_vocab_size=len(tokenizer), **start)
    model = transformers.MarianMTModel(config).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.requires_grad:
                weight += (0.6 if "encoder" in name else 0.2) * torch.randn_like(weight)
    model.generation_config = transformers.GenerationConfig(**start, bad_words_ids=[[2], [3]])
    model.save_pretrained(folder)
    pipeline = load(folder)
    source = "한국어 문장 whither goest thou, my good lord"
    given = tokenizer(source, return_tensors="pt")
    with torch.no_grad():
        expected = model.generate(**given, num_beams=1, do_sample=False, max_new_tokens=9)
    assert pipeline.tokenizers.source.encode(source) != pipeline.tokenizers.text.encode(source)
    options = BeamOptions(num_beams=1, max_new_tokens=9)
    found = pipeline.seq2seq_generator("translate").search([source], options)
    assert found[0][0]["text"] == tokenizer.decode(expected[0], skip_special_tokens=True)
    exported = pipeline.export(tmp_path / "out")
    assert exported.format == "marian"
    assert auto(tmp_path / "out")(source)["input_ids"] == tokenizer(source)["input_ids"]
    assert check(pipeline).passed or {one.name for one in check(pipeline).failures} == {"text comes back"}


@pytest.mark.parametrize("limit", [7, None])
def test_a_sentence_model_obeys_its_longest_text(limit: int | None, tmp_path: Path) -> None:
    _, folder = written("BertModel", "bert", tmp_path, **SIZES)
    kinds = ("Transformer", "Pooling")
    modules = [
        {"idx": i, "name": str(i), "path": f"{i}_{kind}" * bool(i), "type": kind} for i, kind in enumerate(kinds)
    ]
    write_json(folder / "modules.json", modules)
    write_json(folder / "1_Pooling" / "config.json", {"pooling_mode_mean_tokens": True})
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": limit, "do_lower_case": limit is None})
    pipeline = load(folder)
    asked = "sentence_bert_config.json asks for texts in lower case, but they are left as they are"
    assert (asked in pipeline.notes) == (limit is None)
    most = limit or SIZES["max_position_embeddings"]
    text = "low " * 60
    with pytest.raises(UserError, match=f"but the model takes at most {most}"):
        pipeline.embed(text)
    truncated: Counter[str] = Counter()
    found = pipeline.embed(text, truncated=truncated)
    assert truncated == {f"cut to {most} tokens": 1}
    transformers = require_module("transformers")
    given = auto(folder)(text, truncation=True, max_length=most, return_tensors="pt")
    with torch.no_grad():
        states = transformers.AutoModel.from_pretrained(folder).eval()(**given).last_hidden_state[0]
    assert found == pytest.approx(states.mean(dim=0).numpy(), rel=1e-3, abs=1e-5)
    assert longest_text(pipeline.config) == most
