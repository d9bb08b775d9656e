"""Mistakes with tasks, their data and their verbs: one line, exit status 2, and every file as it was before."""

import json
import shlex
from pathlib import Path

import pytest

from cli.command import contents, refused
from cli.tasks import COUNT, FEW, INPUTS, KINDS, SMALL
from cutaway.config.task import task_record

pytestmark = pytest.mark.usefixtures("learnt")

LABELS = "bert-nano --task sequence-classification"
TAGS = "bert-nano --task token-classification"
QUESTIONS = "bert-nano --task question-answering"
PAIRS = "transformer-tiny"
SIDES = "data.field=en data.target=de"

COMPUTING = ("sort", "reverse", "copy", "add")

TRAININGS = {
    # data
    LABELS: "this task learns from examples, and python-docs is a text: give a file of them with --data",
    f"{LABELS} --data -": "this task learns from examples, and - is a text",
    f"{LABELS} --data nowhere.tsv": "cannot read nowhere.tsv: No such file or directory",
    f"{LABELS} --data labels.tsv --validation nowhere.tsv": "cannot read nowhere.tsv: No such file or directory",
    f"{LABELS} --data folder": "folder has no subfolders: put the files of each label into a folder of that name",
    f"{LABELS} --data empty": "empty holds no examples (it is empty)",
    f"{LABELS} --data text.txt": "text.txt, line 1: 1 column: two are expected, or a header that names a text",
    f"{LABELS} --data alike.tsv": "alike.tsv has one label only, 'good': there is nothing to choose between",
    f"{LABELS} --data one.tsv": "one.tsv has one label only, 'good': there is nothing to choose between",
    f"{LABELS} --data labels.jsonl data.target=mood": "no field 'mood'; there are: text, label (choose with",
    f"{LABELS} --data labels.tsv --validation unseen.tsv": (
        "the label 'meh' does not occur in the training split; known: bad, good"
    ),
    f"{LABELS} --data labels.tsv model.head.labels=5": "the data has 2 labels, but model.head.labels is 5",
    f"{LABELS} --data labels.tsv task.problem=regression": "is not a number, and task.problem is regression",
    f"{LABELS} --data several.jsonl task.problem=single_label": "an example has 2 labels (good, bad)",
    f"{LABELS} --data labels.tsv tokenizer.vocabulary=20": "raise tokenizer.vocabulary by",
    f"{TAGS} --data ragged.conll": "ragged.conll, line 3: 3 columns, where the lines before have 2",
    f"{TAGS} --data untagged.conll": "untagged.conll, line 2: a word and its tag are expected, not 'cat'",
    f"{TAGS} --data tags.conll --validation unseen.conll": (
        "the label 'B-animla' does not occur in the training split; did you mean 'B-animal'?"
    ),
    f"{TAGS} --data tags.conll model.context=4": f"left to train on, 1 document mark, {COUNT - 4} longer than 4",
    f"{QUESTIONS} --data wrong.json": "question 'q': the answer 'dog' is not in its context at character 4",
    f"{QUESTIONS} --data text.txt": "text.txt is not a SQuAD file",
    f"{QUESTIONS} --data questions.json task.stride=30 model.context=12": "ask in fewer words, or train with a smaller",
    f"{PAIRS} --data short {SIDES}": "short.en has 3 lines and short.de has 2: they must match line by line",
    f"{PAIRS} --data pairs": "choose two by their endings with data.field and data.target; there are: de, en, tsv",
    f"{PAIRS} --data pairs data.field=en data.target=fr": "choose two by their endings",
    f"{PAIRS} --data pairs.en": "name what both begin with, pairs, and choose their endings, such as data.field=en",
    f"{PAIRS} --data text.txt": "the data is not: text.txt: text -> language-modeling with gpt-nano",
    f"{PAIRS} --data folder": "folder is a folder: give a file of pairs in it, or what two parallel files begin with",
    f"{PAIRS} --data nowhere": "no such file: nowhere, nor two whose names begin with it",
    f"{PAIRS} --data pairs.tsv model.context=3": "no example is left to train on, 36 longer than 3 tokens",
    "bert-nano --data text.txt data.validation=0.002": "is so short that none of its tokens is hidden: give more",
    # tasks that a model cannot learn
    "bert-nano --task token-clasification --data tags.conll": "did you mean 'token_classification'?",
    "bert-nano --task nre --data tags.conll": "no task is called 'nre'; known: language_modeling",
    "bert-nano --task language-modeling": "write model.architecture=decoder, or choose another preset",
    "gpt-nano --task masked-language-modeling": "write model.architecture=encoder, or choose another preset",
    "gpt-nano --task sequence-to-sequence": "write model.architecture=encoder_decoder, or choose another preset",
    f"{PAIRS} --task sequence-classification --data labels.tsv": "for another head write model.architecture=encoder",
    "bert-nano task=token_classification --data tags.conll": "needs a token head, but model.head is language: write",
    # choices that mean nothing
    "gpt-nano --data text.txt data.header=yes": "data.header has no effect in the task language_modeling: remove it",
    "gpt-nano --data text.txt data.target=en": "data.target has no effect in the task language_modeling: remove it",
    "gpt-nano --data text.txt --validation text.txt": "data.validation_path has no effect in the task language",
    "gpt-nano --data text.txt train.batch_tokens=100": "train.batch_tokens has no effect in the task language_modeling",
    "bert-nano --data text.txt source_tokenizer=word": "source_tokenizer has no effect in the task masked_language",
    f"{LABELS} --data labels.tsv source_tokenizer=word": "source_tokenizer has no effect",
    f"{TAGS} --data tags.conll data.field=word": "data.field has no effect in the task token_classification",
    "sorter --data text.txt": "data.path has no effect in the task algorithmic: remove it",
    "sorter task.operation=srot": "task.operation cannot be 'srot'; did you mean 'sort'?",
    "sorter task.length=33": "sequences to sort have 33 symbols, but model.context is 32: write model.context=33",
    "sorter task.operation=add": "sequences to add have 38 symbols, but model.context is 32: write model.context=38",
    "sorter task.shortest=13": "task.shortest 13 is more than task.length 12: change one",
    "sorter task.length=2 task.symbols=3": "3 symbols make 9 sequences to sort, too few to hold some out",
}

FILL = "masked-language-modeling"
TRANSLATE = "sequence-to-sequence"
CLASSIFY = "sequence-classification"
ANSWER = "question-answering"
SORT = "algorithmic"

USES = {
    # how texts are given
    f"classify {CLASSIFY}": "no input is given: write it after the model, or give --file",
    f"classify {CLASSIFY} 'a cat' --file labels.tsv": "give texts or --file labels.tsv, not both",
    f"classify {CLASSIFY} --file empty": "empty is empty",
    f"classify {CLASSIFY} --file nowhere": "cannot read nowhere: No such file or directory",
    f"classify {CLASSIFY} --file folder": "cannot read folder: Is a directory",
    f"classify {CLASSIFY} --file binary": "binary is not UTF-8 text (invalid byte at 128)",
    f"classify {CLASSIFY} -x": "(a text that starts with - goes after --)",
    f"classify {CLASSIFY} '{'cat ' * 40}'": "the text has 42 tokens, but the model takes at most 32",
    f"translate {TRANSLATE} '' ": "an empty text cannot be rewritten: remove it",
    "classify nowhere x": "there is no folder nowhere",
    "classify text.txt x": "there is no folder text.txt",
    f"classify {CLASSIFY} x --device gup": "no device is called 'gup'; did you mean 'gpu'?",
    # what each verb asks for
    f"fill {FILL} 'the cat'": "there is no [MASK] in 'the cat': write it where a word is to be filled in",
    f"fill {FILL} 'the [mask]'": "there is no [MASK] in 'the [mask]'",
    f"fill {FILL} 'a [MASK]' --top-k 0": "top_k must be between 1 and",
    f"fill {FILL} 'a [MASK]' --top-k 10000": "top_k must be between 1 and",
    f"embed {CLASSIFY} x --pooling maen": "no pooling is called 'maen'; did you mean 'mean'?",
    f"translate {TRANSLATE} x --target-language fr": "has no token for the language of a text: leave 'fr' out",
    f"translate {TRANSLATE} x --source-language en": "has no token for the language of a text: leave 'en' out",
    f"translate {TRANSLATE} x --num-beams 0": "num_beams must be 1 or more",
    f"translate {TRANSLATE} x --n-best 6": "n_best must be 1 or more, and no more than the 5 beams",
    f"translate {TRANSLATE} x --n-best 0": "n_best must be 1 or more",
    f"translate {TRANSLATE} x --length-penalty -1": "length_penalty must be 0 (none) or more",
    f"translate {TRANSLATE} x --temperature 0.5": "are for sampling: write --sample too",
    f"translate {TRANSLATE} x --seed 3": "are for sampling: write --sample too",
    f"translate {TRANSLATE} x --sample --n-best 2": "--n-best is for beam search: for several samples, use --sample",
    f"translate {TRANSLATE} x --sample --temperature -1": "temperature must be 0 (greedy) or more",
    f"summarize {CLASSIFY} x": "this model cannot summarize: it was trained for sequence_classification, and can class",
    f"answer {ANSWER}": "missing argument",
    f"answer {ANSWER} 'where?'": "give one context: a text after the question, or a file with --file",
    f"answer {ANSWER} 'where?' 'a house' --file text.txt": "give one context",
    f"answer {ANSWER} 'where?' ''": "there is no context to find the answer to 'where?' in",
    f"answer {ANSWER} 'where?' --file empty": "there is no context to find the answer to 'where?' in",
    f"answer {ANSWER} '{'where ' * 30}' 'a house'": "ask in fewer words",
    f"sort {SORT}": "no input is given",
    f"sort {SORT} three 1": "'three' is not a whole number: give numbers separated by spaces",
    f"sort {SORT} 3,1,2": "'3,1,2' is not a whole number: give numbers separated by spaces",
    f"sort {SORT} 1.5": "'1.5' is not a whole number",
    f"sort {SORT} 3 20": "20 is not among the numbers of the model: 0 to 19",
    f"sort {SORT} -3": "(a text that starts with - goes after --)",
    f"sort {SORT} -- -3": "-3 is not among the numbers of the model: 0 to 19",
    f"sort {SORT} --file blank": "there is nothing to sort: give numbers",
    f"sort {SORT} {'1 ' * 33}": "the text has 33 tokens, but the model takes at most 32",
    f"add {SORT} 1 2": "this model cannot add: it was trained for algorithmic, and can sort",
    f"add {SORT} 1 2 3": "two numbers are added, not 3",
    # measuring and comparing
    f"compare {CLASSIFY} nowhere": "there is no folder nowhere",
    f"evaluate {TRANSLATE} --tokenize 13": "BLEU has no tokenizer '13'; did you mean '13a'?",
    f"evaluate {TRANSLATE} --num-beams 0": "num_beams must be 1 or more",
    f"evaluate {TRANSLATE} --data short": "short.en has 3 lines and short.de has 2: they must match line by line",
    f"evaluate {CLASSIFY} --num-beams 3": "--num-beams, --length-penalty and --tokenize are for models that write",
    f"evaluate {CLASSIFY} --data folder": "folder has no subfolders: put the files of each label",
    f"evaluate {CLASSIFY} --data unseen.tsv": "'meh' is not a class of this model",
    f"evaluate {CLASSIFY} --data empty": "empty holds no examples (it is empty)",
    f"evaluate {FILL} --data text.txt --target label": "data.target has no effect in the task masked_language_modeling",
    f"evaluate {CLASSIFY} --target label": "--field and --target describe other data: give it with --data too",
    f"evaluate {SORT} --data text.txt": "this model computes on generated sequences: evaluate it without --data",
}


@pytest.fixture(autouse=True)
def _bad_files(learnt: Path) -> None:
    asked = {"id": "q", "question": "Who?", "answers": [{"text": "dog", "answer_start": 4}]}
    articles = [{"paragraphs": [{"context": "The cat.", "qas": [asked]}]}]
    several = [{"text": f"cat {i}", "labels": ["good", "bad"][: 1 + i % 2]} for i in range(9)]
    files = {
        "empty": "",
        "blank": "\n\n",
        "alike.tsv": "a cat\tgood\na dog\tgood\n",
        "one.tsv": "a cat\tgood\n",
        "unseen.tsv": "a cat\tgood\na dog\tmeh\n",
        "several.jsonl": "".join(json.dumps(row) + "\n" for row in several),
        "ragged.conll": "the O\ncat B-animal\nsees VERB O\n",
        "untagged.conll": "the O\ncat\n",
        "unseen.conll": "the O\ncat B-animla\n",
        "wrong.json": json.dumps({"data": articles}),
        "short.en": "a\nb\nc\n",
        "short.de": "a\nb\n",
    }
    for name, content in files.items():
        (learnt / name).write_text(content)
    (learnt / "binary").write_bytes(bytes(range(256)))
    (learnt / "folder").mkdir()


@pytest.mark.parametrize(("words", "line"), TRAININGS.items(), ids=TRAININGS)
def test_words_that_teach_nothing(words: str, line: str, learnt: Path) -> None:
    before = contents(learnt)
    batch = () if words.startswith(PAIRS) or "batch_tokens" in words else (FEW,)
    assert line in refused("train", *SMALL, *batch, "--out", "new", *words.split())
    if "so short" not in line:  # what was made of a text stays, to go on with
        assert contents(learnt) == before
        assert not Path("new").exists()
    assert not Path("new/run.yaml").exists()


@pytest.mark.parametrize(("words", "line"), USES.items(), ids=USES)
def test_words_that_use_nothing(words: str, line: str, learnt: Path) -> None:
    before = contents(learnt)
    assert line in refused(*shlex.split(words))
    assert contents(learnt) == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_verb_that_a_model_has_not(kind: str) -> None:
    named = kind.replace("-", "_")
    own = task_record(named)().verbs
    for verb in ("generate", "score", "answer", "embed", *COMPUTING, *(verb for verb, _ in INPUTS.values())):
        words = ("3", "1") if verb in ("answer", *COMPUTING) else ("the [MASK]",)
        if verb not in own:
            line = f"this model cannot {verb}: it was trained for {named}, and can {', '.join(own)}"
            assert refused(verb, kind, *words) == line
