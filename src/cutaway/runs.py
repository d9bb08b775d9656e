"""Starting and resuming runs: where config, text, model, task and loop are put together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cutaway.config.data import DataConfig
from cutaway.config.reading import dump_run, load_run, override
from cutaway.config.run import RunConfig
from cutaway.config.tokenizer import BPETokenizer, ByteTokenizer, CharTokenizer, FileTokenizer
from cutaway.data.corpus import Corpus, Part, open_corpus
from cutaway.data.prepare import prepare
from cutaway.data.scan import scan_source
from cutaway.data.shards import TokenStream
from cutaway.data.sources import open_source
from cutaway.data.windows import RandomWindows, SequentialWindows
from cutaway.disk import write_text
from cutaway.errors import UserError
from cutaway.model.build import build
from cutaway.model.device import choose_device, choose_precision
from cutaway.model.files import RunFolder, write_json
from cutaway.model.transformer import DecoderOnly
from cutaway.pipeline import Pipeline
from cutaway.text.tokenizer import Tokenizer
from cutaway.train.callbacks import Callback
from cutaway.train.checkpoints import Progress
from cutaway.train.evaluate import evaluate
from cutaway.train.loop import Lesson, Trainer
from cutaway.train.tasks.language_modeling import LanguageModeling

EVALUATION_TOKENS = 8192
"""How many tokens an evaluation reads at once."""

PreparationProgress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Run:
    """A run that is ready to train: everything is in its folder."""

    folder: RunFolder
    config: RunConfig
    corpus: Corpus
    model: DecoderOnly

    @property
    def pipeline(self) -> Pipeline:
        """The model as it is at this moment of training, to be talked to."""
        return Pipeline(self.model, self.corpus.tokenizer, self.config)

    def trainer(self, callbacks: Sequence[Callback] = ()) -> Trainer:
        """What trains it, from its latest checkpoint on."""
        return Trainer(self.model, self._lesson(), self.config.train, self.folder, callbacks)

    def train(self, callbacks: Sequence[Callback] = ()) -> Progress:
        """Trains it to its last step."""
        return self.trainer(callbacks).run()

    def _lesson(self) -> Lesson:
        c = self.config
        training = RandomWindows(self.corpus.training, c.model.context, c.train.batch_size, c.train.seed)
        part = self.corpus.manifest.validation
        if not part.characters:
            return Lesson(LanguageModeling(), training, None)
        validation = _windows(self.corpus.validation, c.model.context)
        return Lesson(LanguageModeling(_characters_per_token(part)), training, validation)


def start(config: RunConfig, out: Path, progress: PreparationProgress = lambda done, total: None) -> Run:
    """Makes a run folder: reads the text, makes the tokenizer and the tokens, builds the model.

    Killed at any instant and called again, it goes on.

    Raises:
        UserError: the folder holds a run already, or the text or a choice is of no use.
    """
    folder = RunFolder(out)
    if folder.run.exists():
        raise UserError(f"{out} holds a run already: resume it with --resume {out}, or choose another folder")
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file: choose another folder")
    choose_device(config.train.device)
    corpus = prepare(config.data, config.tokenizer, out, progress=progress)
    config = _with_vocabulary(config, corpus.tokenizer)
    run = _assemble(folder, config, corpus)
    run.trainer()  # finds out that a text is too short before anything says that this is a run
    write_json(folder.config, {"model_type": "cutaway", **config.model.model_dump(mode="json")})
    write_text(folder.run, dump_run(config))
    return run


def resume(out: Path, assignments: Sequence[str] = ()) -> Run:
    """Takes up a run where its latest checkpoint is.

    Raises:
        UserError: there is no run there, a file of it is missing or damaged, or something other than `train.*` is
            to be changed.
    """
    folder = RunFolder(out)
    folder.require(folder.tokenizer)
    for assignment in assignments:
        if not assignment.startswith("train."):
            raise UserError(f"{assignment!r} cannot change in a run that has begun: only train.* can")
    before = load_run(folder.run)
    config = override(before, assignments)
    if config.train.optimizer.kind != before.train.optimizer.kind:
        raise UserError("train.optimizer cannot change its kind in a run that has begun: start another run")
    if assignments:
        write_text(folder.run, dump_run(config))
    return _assemble(folder, config, open_corpus(out))


def evaluate_pipeline(pipeline: Pipeline, data: DataConfig, scratch: Path) -> dict[str, float]:
    """Reads the whole of a text and returns loss, perplexity, bits a character and the number of tokens scored.

    Args:
        pipeline: whose model.
        data: which text; nothing of it is held out.
        scratch: an empty folder for its tokens.

    Raises:
        UserError: the text cannot be read, or has fewer than two tokens.
    """
    corpus = prepare(data.model_copy(update={"validation": 0.0}), pipeline.tokenizer, scratch)
    return _evaluate(pipeline, corpus.training, corpus.manifest.training)


def evaluate_validation(pipeline: Pipeline, out: Path) -> dict[str, float]:
    """The same for the validation part of the run's own text.

    Raises:
        UserError: the run held nothing out.
    """
    corpus = open_corpus(out)
    if not corpus.manifest.validation.characters:
        raise UserError(f"the run {out} held no text out: give one with --data")
    return _evaluate(pipeline, corpus.validation, corpus.manifest.validation)


def _evaluate(pipeline: Pipeline, tokens: TokenStream, part: Part) -> dict[str, float]:
    device = next(pipeline.model.parameters()).device
    precision = choose_precision(pipeline.config.train.precision, device)
    windows = _windows(tokens, pipeline.config.model.context)
    return evaluate(pipeline.model, LanguageModeling(_characters_per_token(part)), windows, precision)


def _assemble(folder: RunFolder, config: RunConfig, corpus: Corpus) -> Run:
    model = build(config.model, seed=config.train.seed)
    return Run(folder, config, corpus, model.to(choose_device(config.train.device)))


def _windows(tokens: TokenStream, context: int) -> SequentialWindows:
    return SequentialWindows(tokens, context, max(1, EVALUATION_TOKENS // context))


def _characters_per_token(part: Part) -> float:
    return part.characters / max(1, sum(part.shards) - 1)


def with_expected_vocabulary(config: RunConfig) -> RunConfig:
    """Fills in how many tokens the model will know, for counting, without making the tokenizer.

    Byte-pair encoding may end with fewer than it is asked for, and a corpus of several documents adds one token.
    """
    if config.model.vocabulary is not None:
        return config
    match config.tokenizer:
        case CharTokenizer():
            vocabulary = len(scan_source(open_source(config.data), lambda done, total: None)[1])
        case ByteTokenizer():
            vocabulary = 256
        case BPETokenizer(vocabulary=most):
            vocabulary = most
        case FileTokenizer(path=path):
            vocabulary = Tokenizer.load(path).vocabulary
    return _with_model_vocabulary(config, vocabulary)


def _with_vocabulary(config: RunConfig, tokenizer: Tokenizer) -> RunConfig:
    wanted = config.model.vocabulary
    if wanted is not None and wanted < tokenizer.vocabulary:
        raise UserError(
            f"the text makes {tokenizer.vocabulary} tokens, and model.vocabulary is {wanted}: "
            f"take a text with fewer, or leave it open with model.vocabulary=none"
        )
    return _with_model_vocabulary(config, wanted or tokenizer.vocabulary)


def _with_model_vocabulary(config: RunConfig, vocabulary: int) -> RunConfig:
    return config.model_copy(update={"model": config.model.model_copy(update={"vocabulary": vocabulary})})
