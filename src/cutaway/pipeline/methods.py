"""A trained model with its tokenizers, and a method for everything that it may be able to do."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, overload

from typing_extensions import TypedDict, Unpack

from cutaway.config.run import RunConfig
from cutaway.errors import UserError, nearest
from cutaway.generation.beams import BeamOptions
from cutaway.generation.chat import ChatSession
from cutaway.generation.sampling import Sampling
from cutaway.generation.seq2seq import Seq2SeqGenerator
from cutaway.generation.text_generator import TextGenerator
from cutaway.hub.opening import Opened
from cutaway.model.transformer import DecoderOnly, Transformer
from cutaway.pipeline.exporting import FORMATS, Exported
from cutaway.tasks.algorithmic.task import AlgorithmicTask
from cutaway.tasks.classification import ClassificationTask
from cutaway.tasks.language_modeling.task import LanguageModelingTask
from cutaway.tasks.masked_language_modeling.task import MaskedLanguageModelingTask, fill
from cutaway.tasks.question_answering.task import QuestionAnsweringTask
from cutaway.tasks.sentence_embedding.task import embed
from cutaway.tasks.sequence_to_sequence.task import Seq2SeqTask
from cutaway.tasks.task import Task, Tokenizers, task_of
from cutaway.tasks.token_classification.task import TokenClassificationTask
from cutaway.text.templates import Message
from cutaway.text.tokenizer import Tokenizer

Result = TypeVar("Result")
AnyTask = TypeVar("AnyTask", bound=Task[Any])
Texts = list[str] | tuple[str, ...]


class SamplingOptions(TypedDict, total=False):
    """The fields of `cutaway.generation.sampling.Sampling`, by name."""

    temperature: float
    top_k: int | None
    top_p: float | None
    min_p: float | None
    repetition_penalty: float
    seed: int


class Pipeline:
    """A trained model, its tokenizers, and the choices of its run.

    Which methods work depends on the task that the model was trained for; any other raises a UserError that names those
    that do. A method takes one input and returns one result, or takes a list and returns a list.
    """

    def __init__(
        self,
        model: Transformer,
        tokenizer: Tokenizer | None,
        config: RunConfig,
        source_tokenizer: Tokenizer | None = None,
        opened: Opened | None = None,
    ) -> None:
        self.opened = opened
        """Where an imported model came from."""
        self.model = model
        self.config = config
        self.source_tokenizer = source_tokenizer
        self._tokenizer = tokenizer

    @property
    def notes(self) -> Sequence[str]:
        """What was changed or left out when the model was imported, one line each."""
        return () if self.opened is None else self.opened.imported.notes

    @property
    def tokenizer(self) -> Tokenizer:
        """How text becomes tokens.

        Raises:
            UserError: the model neither reads nor writes text.
        """
        if self._tokenizer is None:
            raise UserError(f"this model has no tokenizer: {self.config.task.kind} needs no text")
        return self._tokenizer

    def require(self, verb: str) -> None:
        """Rejects a verb that the model was not trained for.

        Raises:
            UserError: the model does not have it; names those that it has.
        """
        if verb not in self.config.task.verbs:
            can = ", ".join(self.config.task.verbs) or "predict"
            raise UserError(f"this model cannot {verb}: it was trained for {self.config.task.kind}, and can {can}")

    @property
    def tokenizers(self) -> Tokenizers:
        """The tokenizer and, if the source has its own, that of the source."""
        return Tokenizers(self._tokenizer, self.source_tokenizer)

    def predict(self, inputs: Any) -> Any:
        """What the model predicts for an input, or for each of a list, whatever its task.

        The input and the result depend on the task: texts for language tasks, paths or arrays of images and audio; a
        dict, a text or a list of them per input.

        Raises:
            UserError: the model does not take an input.
        """
        several = inputs if isinstance(inputs, list) else [inputs]
        self.model.eval()
        found = task_of(self.config).predict(self, several)
        return found if isinstance(inputs, list) else found[0]

    @overload
    def generate(
        self,
        prompt: str,
        max_new_tokens: int = 100,
        *,
        stop: str | Sequence[str] = (),
        **options: Unpack[SamplingOptions],
    ) -> str: ...
    @overload
    def generate(
        self,
        prompt: Texts,
        max_new_tokens: int = 100,
        *,
        stop: str | Sequence[str] = (),
        **options: Unpack[SamplingOptions],
    ) -> list[str]: ...
    def generate(
        self,
        prompt: str | Texts,
        max_new_tokens: int = 100,
        *,
        stop: str | Sequence[str] = (),
        **options: Unpack[SamplingOptions],
    ) -> str | list[str]:
        """Writes on from a prompt, or from each of several at once.

        Args:
            prompt: one text or several, of any lengths.
            max_new_tokens: a text also ends at its end-of-text token, if the tokenizer has one.
            stop: a string or several; a text ends before the first of them.
            **options: how tokens are drawn: `temperature`, `top_k`, `top_p`, `min_p`, `repetition_penalty`, `seed`.
                With several prompts, each is what it would be alone with seed, seed + 1 and so on.

        Returns:
            what was written, without the prompt.

        Raises:
            UserError: a prompt holds characters that the tokenizer never saw, or an option has no meaning.
        """
        stops, sampling = _stop_strings(stop), Sampling(**options)
        texts = self._writer("generate").generate(_several(prompt), max_new_tokens, stops, sampling)
        return texts[0] if isinstance(prompt, str) else texts

    def stream(
        self,
        prompt: str,
        max_new_tokens: int = 100,
        *,
        stop: str | Sequence[str] = (),
        **options: Unpack[SamplingOptions],
    ) -> Iterator[str]:
        """Writes on from a prompt, as `generate` does, and yields the text piece by piece as it comes.

        Raises:
            UserError: at once, before the first piece, for the reasons that `generate` has.
        """
        return self._writer("generate").stream(prompt, max_new_tokens, _stop_strings(stop), Sampling(**options))

    def chat(self, messages: Sequence[Message], max_new_tokens: int = 500, **options: Unpack[SamplingOptions]) -> str:
        """Answers the last message of a chat.

        Args:
            messages: dicts of `role` (system, user, assistant) and `content`, in order. No text in them becomes a
                special token.
            max_new_tokens: an answer also ends where the model ends its turn.
            **options: how tokens are drawn, as `generate` has them.

        Raises:
            UserError: the model has no chat template, or the chat is longer than it takes, or becomes so: nothing is
                cut.
        """
        return "".join(self.stream_chat(messages, max_new_tokens, **options))

    def stream_chat(
        self, messages: Sequence[Message], max_new_tokens: int = 500, **options: Unpack[SamplingOptions]
    ) -> Iterator[str]:
        """Answers as `chat` does, and yields the answer piece by piece as it comes."""
        return self.chat_session().stream(messages, max_new_tokens, Sampling(**options))

    def chat_session(self) -> ChatSession:
        """What answers a chat that grows, and reads only what is new; for as long as the weights stay as they are."""
        model = self.model.eval()
        self._task("generate" if "generate" in self.config.task.verbs else "chat", LanguageModelingTask)
        if not isinstance(model, DecoderOnly):
            raise UserError(f"a chat needs a decoder, but the model is {self.config.model.architecture}")
        return ChatSession(model, self.tokenizer, self.config.model.context)

    def score(self, text: str) -> list[tuple[str, float]]:
        """Each token after the first, and the natural logarithm of its probability given the text before it.

        Raises:
            UserError: the text has fewer than two tokens, or characters that the tokenizer never saw.
        """
        return self._writer("score").score(text)

    def fill(self, text: str | Texts, top_k: int = 5) -> Any:
        """For each mask in a text, written as the tokenizer spells it (``[MASK]``), the likeliest tokens.

        Each is a dict of `token` and `probability`, most likely first.

        Raises:
            UserError: there is no mask in a text, or the text is longer than the model takes.
        """
        self._task("fill", MaskedLanguageModelingTask)
        return _like(text, fill(self, _several(text), top_k))

    def classify(self, given: Any, *, truncated: Counter[str] | None = None) -> Any:
        """The label of an input, as a dict of `label`, its `probability`, and the `probabilities` of all labels.

        Of a model with several labels an input: `labels`, those more likely than not, and the `probabilities` of all.
        Of one that tells a number: its `value`.

        Args:
            given: one input, or a list of several: texts; or images or recordings, as paths or as arrays; or graphs
                (`cutaway.data.examples.Graph`).
            truncated: counts texts that are cut because they are too long; without it, they are refused.

        Raises:
            UserError: an input cannot be read, or the model does not take it.
        """
        task: ClassificationTask[Any, Any] = self._task("classify", ClassificationTask)  # type: ignore[type-abstract]
        return _like(given, task.classify(self, _several(given), truncated))

    def tag(self, text: str | Texts) -> Any:
        """The words of a text, which white space parts, each as a dict of `word`, `tag` and `probability`.

        Raises:
            UserError: the text is longer than the model takes.
        """
        return _like(text, self.tag_words([one.split() for one in _several(text)]))

    def tag_words(self, sentences: Sequence[Sequence[str]]) -> list[list[dict[str, Any]]]:
        """The same for sentences that are words already."""
        return self._task("tag", TokenClassificationTask).tag(self, sentences)

    def answer(self, question: str, context: str) -> dict[str, Any]:
        """The stretch of the context that answers the question best.

        A context that is too long for the model is read in windows.

        Returns:
            the `answer`, the characters of the context from `start` to `end` that it is, and its `probability`.

        Raises:
            UserError: the question is longer than the model takes, or the context is empty.
        """
        return self.answer_all([(question, context)])[0]

    def answer_all(self, questions: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
        """The same for many questions, each with its context."""
        return self._task("answer", QuestionAnsweringTask).predict(self, questions)

    def translate(self, text: str | Texts, *, beams: int = 5, length_penalty: float = 1.0) -> Any:
        """The text that beam search finds for a source.

        Args:
            text: one source or several.
            beams: how many beginnings are followed; 1 is greedy.
            length_penalty: α of Wu et al. 2016, eq. 14.

        Raises:
            UserError: a source is longer than the model takes: it is never cut.
        """
        return self._rewrite("translate", text, beams, length_penalty)

    def summarize(self, text: str | Texts, *, beams: int = 5, length_penalty: float = 1.0) -> Any:
        """The same as `translate`, of a model that learnt to summarize."""
        return self._rewrite("summarize", text, beams, length_penalty)

    def caption(self, image: Any, *, beams: int = 5, length_penalty: float = 1.0) -> Any:
        """The text that beam search finds for an image.

        Args:
            image: one or a list of several, as paths or as arrays (height, width, channels).
            beams: how many beginnings are followed; 1 is greedy.
            length_penalty: α of Wu et al. 2016, eq. 14.

        Raises:
            UserError: an image cannot be read, or the model does not take it.
        """
        return self._rewrite("caption", image, beams, length_penalty)

    def sort(self, numbers: Sequence[int]) -> list[int]:
        """The numbers in order, as far as the model learnt it.

        Raises:
            UserError: a number is none that the model knows, or there are more than it takes.
        """
        return self.compute("sort", [numbers])[0]

    def add(self, first: int, second: int) -> int:
        """The sum of two numbers, as far as the model learnt it.

        Raises:
            UserError: a number is below 0, or they have more digits than the model takes.
        """
        return self.add_all([(first, second)])[0]

    def add_all(self, pairs: Sequence[tuple[int, int]]) -> list[int]:
        """The same for many pairs."""
        return self._task("add", AlgorithmicTask).add(self, pairs)

    def compute(self, operation: str, rows: Sequence[Sequence[int]]) -> list[list[int]]:
        """What the model makes of rows of symbols: `sort`, `reverse`, `copy` or `add`, whichever it learnt.

        To add, two numbers are spelt digit by digit, as `cutaway.tasks.algorithmic.generated.sequences` tells.
        """
        return self._task(operation, AlgorithmicTask).predict(self, rows)

    def embed(self, text: str | Texts, *, pooling: str | None = None) -> Any:
        """A vector for a text: its last hidden states, pooled.

        Args:
            text: one or several.
            pooling: `mean`, `cls`, `max` or `last`; that of the model's head if it has one, else the mean.

        Raises:
            UserError: a text is empty or longer than the model takes, or there is no such pooling.
        """
        self._task("embed", Task)
        return _like(text, embed(self, _several(text), pooling))

    def export(self, out: str | Path, to: str = "hf", *, numbers: str | None = None) -> Exported:
        """Writes the model for other programs, opens what was written again, and compares.

        Args:
            out: a folder that does not exist yet or is empty; of other formats a file that does not exist.
            to: `hf`, a folder that `transformers` opens without code of ours; `gguf`, a file that llama.cpp opens;
                or `onnx`, a graph of an encoder.
            numbers: how matrices are kept in a GGUF file: `f32`, `f16` (which it is if nothing is said), `bf16` or
                `q8_0`.

        Raises:
            UserError: no such format holds the model, there is something at `out`, or what was written answers
                otherwise.
        """
        if to not in FORMATS:
            raise UserError(f"no format is called {to!r}; {nearest(to, FORMATS)}")
        if numbers is not None and to != "gguf":
            raise UserError(f"{to} keeps numbers as they are: numbers={numbers} is of gguf")
        chosen: dict[str, str | None] = {} if numbers is None else {"numbers": numbers}
        if to == "hf" and self.opened is not None:
            chosen["preferred"] = self.opened.imported.model_type
        return FORMATS[to](self.model.eval(), self.config, self._tokenizer, Path(out), **chosen)

    def seq2seq_generator(self, verb: str, *, truncate: bool = False) -> Seq2SeqGenerator:
        """What finds several texts for a source, or draws them; `truncate` cuts texts that are too long."""
        task: Seq2SeqTask[Any, Any] = self._task(verb, Seq2SeqTask)  # type: ignore[type-abstract]
        return task.generator(self, truncate=truncate)

    def _rewrite(self, verb: str, given: Any, beams: int, length_penalty: float) -> Any:
        options = BeamOptions(beams=beams, length_penalty=length_penalty, max_new_tokens=self.config.model.context)
        found = self.seq2seq_generator(verb).search(_several(given), options)
        return _like(given, [best[0]["text"] for best in found])

    def _writer(self, verb: str) -> TextGenerator:
        return self._task(verb, LanguageModelingTask).generator(self)

    def _task(self, verb: str, kind: type[AnyTask]) -> AnyTask:
        """The model's task, if it has this verb; prepares the model for inference."""
        self.require(verb)
        task = task_of(self.config)
        if not isinstance(task, kind):
            raise UserError(f"{self.config.task.kind} has no method {verb}: use predict")
        self.model.eval()
        return task


def _several(given: Any) -> list[Any]:
    return list(given) if isinstance(given, list | tuple) else [given]


def _like(given: Any, results: list[Result]) -> Result | list[Result]:
    """One result for one input, a list for a list."""
    return results if isinstance(given, list | tuple) else results[0]


def _stop_strings(stop: str | Sequence[str]) -> list[str]:
    strings = [stop] if isinstance(stop, str) else list(stop)
    if "" in strings:
        raise UserError("a stop string cannot be empty: every text would end before it begins")
    return strings
