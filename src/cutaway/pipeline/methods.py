"""A trained model with its tokenizers, and a method for everything that it may be able to do."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, overload

import numpy as np
from typing_extensions import Unpack

from cutaway.config.run import RunConfig
from cutaway.display import html_table
from cutaway.errors import UserError, nearest
from cutaway.generation import MAX_NEW_TOKENS
from cutaway.generation.beams import BeamOptions
from cutaway.generation.chat import ChatSession
from cutaway.generation.engine import ContextOverflow
from cutaway.generation.sampling import Sampling, SamplingOptions
from cutaway.generation.scoring import TokenScore
from cutaway.generation.seq2seq import Seq2SeqGenerator
from cutaway.generation.speculative import LOOKUP, PROPOSED, Draft
from cutaway.generation.streaming import stop_strings
from cutaway.generation.text_generator import Limits, TextGenerator
from cutaway.hub.opening import Opened
from cutaway.keywords import all_explained
from cutaway.model.formats import require_unquantized, with_plain_weights
from cutaway.model.transformer import DecoderOnly, Transformer
from cutaway.pipeline.description import facts
from cutaway.pipeline.exporting import FORMATS, Exported
from cutaway.tasks.algorithmic.task import AlgorithmicTask
from cutaway.tasks.classification import ClassificationTask, Prediction
from cutaway.tasks.language_modeling.task import LanguageModelingTask
from cutaway.tasks.masked_language_modeling.task import MaskedLanguageModelingTask, fill
from cutaway.tasks.predictions import Answer, Candidate, TaggedWord
from cutaway.tasks.question_answering.task import QuestionAnsweringTask
from cutaway.tasks.sentence_embedding.task import embed
from cutaway.tasks.sequence_to_sequence.task import Seq2SeqTask
from cutaway.tasks.task import Task, Tokenizers, task_of
from cutaway.tasks.token_classification.task import TokenClassificationTask
from cutaway.text.templates import Message
from cutaway.text.tokenizer import Tokenizer

Result = TypeVar("Result")
AnyTask = TypeVar("AnyTask", bound=Task[Any])
Several = list[Any] | tuple[Any, ...]
Texts = list[str] | tuple[str, ...]


@all_explained
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
        path: Path | None = None,
    ) -> None:
        self.path = path
        """The folder, file or name that it was loaded from."""
        self.opened = opened
        """Where an imported model came from."""
        self.model = model
        self.config = config
        self.source_tokenizer = source_tokenizer
        self._tokenizer = tokenizer

    def __repr__(self) -> str:
        at = "" if self.path is None else f"{str(self.path)!r}, "
        return f"Pipeline({at}{', '.join(facts(self.model, self.config, self._tokenizer).values())})"

    def _repr_html_(self) -> str:
        return html_table(
            ["", str(self.path or "pipeline")], list(facts(self.model, self.config, self._tokenizer).items())
        )

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

    def for_languages(self, source_language: str | None = None, target_language: str | None = None) -> "Pipeline":
        """The same model for sources and targets in these languages, by their codes; None keeps a language.

        Raises:
            UserError: the tokenizer has no languages, as that of mBART, M2M-100 and NLLB has, or not this one.
        """
        given = self.tokenizers.for_languages(source_language, target_language)
        return Pipeline(self.model, given.tokenizer, self.config, given.source_tokenizer, self.opened, self.path)

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
        max_new_tokens: int | None = None,
        *,
        stop: str | Sequence[str] = (),
        context_overflow: ContextOverflow = "error",
        draft: "Draft | Pipeline | str | None" = None,
        **options: Unpack[SamplingOptions],
    ) -> str: ...
    @overload
    def generate(
        self,
        prompt: Texts,
        max_new_tokens: int | None = None,
        *,
        stop: str | Sequence[str] = (),
        context_overflow: ContextOverflow = "error",
        draft: "Draft | Pipeline | str | None" = None,
        **options: Unpack[SamplingOptions],
    ) -> list[str]: ...
    def generate(
        self,
        prompt: str | Texts,
        max_new_tokens: int | None = None,
        *,
        stop: str | Sequence[str] = (),
        context_overflow: ContextOverflow = "error",
        draft: "Draft | Pipeline | str | None" = None,
        **options: Unpack[SamplingOptions],
    ) -> str | list[str]:
        """Continues a prompt, or several in one batch.

        Args:
            prompt: one text or several, of any lengths.
            max_new_tokens: by default 200, or as many as the context has room for. A text also ends at an end token, if
                the tokenizer has one.
            stop: a string or several; a text ends before the first of them.
            context_overflow: `error`, or `slide` to continue beyond the context: whenever a text is longer, the model
                forgets half a context of its first tokens.
            draft: what guesses several tokens at once, which the model verifies in one pass: a smaller model with the
                same tokenizer, `lookup`, or what `draft` made. The distribution is the same, and so is a greedy text
                except for rounding; a sampled text is another for the same seed. Prompts are then continued one after
                the other.
            **options: of sampling: `temperature`, `top_k`, `top_p`, `min_p`, `repetition_penalty`, `seed`. Each of
                several prompts is continued as it would be alone with seed, seed + 1 and so on.

        Returns:
            the generated text, without the prompt.

        Raises:
            UserError: a prompt contains characters that the tokenizer cannot read, an option is invalid, a prompt and
                the new tokens outgrow the context (with a draft, it cannot slide), or the draft has another tokenizer.
        """
        stops, limits = stop_strings(stop), Limits(max_new_tokens, context_overflow)
        writer, drafted = self._writer("generate"), self._drafted(draft)
        return _like(prompt, writer.generate(_several(prompt), stops, Sampling(**options), limits, drafted))

    def stream(
        self,
        prompt: str,
        max_new_tokens: int | None = None,
        *,
        stop: str | Sequence[str] = (),
        context_overflow: ContextOverflow = "error",
        draft: "Draft | Pipeline | str | None" = None,
        **options: Unpack[SamplingOptions],
    ) -> Iterator[str]:
        """Continues a prompt as `generate` does, and yields the text in pieces as it is generated.

        Raises:
            UserError: before the first piece, for the reasons given in `generate`.
        """
        stops, limits = stop_strings(stop), Limits(max_new_tokens, context_overflow)
        return self._writer("generate").stream(prompt, stops, Sampling(**options), limits, self._drafted(draft))

    def draft(self, source: "Pipeline | str" = LOOKUP, count: int = PROPOSED) -> Draft:
        """A draft for `generate` and `stream`, which counts how many of its tokens are accepted.

        Args:
            source: a smaller model with the same tokenizer, or `lookup`, which proposes what followed the last tokens
                earlier in the text.
            count: the most tokens proposed at once.

        Raises:
            UserError: the model has another tokenizer or cannot generate, or the count is below 1.
        """
        writer = self._writer("generate")
        if isinstance(source, Pipeline):
            return writer.draft_of(source._writer("generate"), count)
        if source != LOOKUP:
            raise UserError(f"a draft is {LOOKUP} or a loaded model, not {source!r}")
        return writer.lookup(count)

    def chat(
        self, messages: Sequence[Message], max_new_tokens: int = MAX_NEW_TOKENS, **options: Unpack[SamplingOptions]
    ) -> str:
        """Answers the last message of a chat.

        Args:
            messages: dicts of `role` (system, user, assistant) and `content`, in order. Text in them never becomes a
                special token.
            max_new_tokens: an answer also ends at the end of the model's turn.
            **options: of sampling, as in `generate`.

        Raises:
            UserError: the model has no chat template, or the chat exceeds its context: nothing is truncated.
        """
        return "".join(self.stream_chat(messages, max_new_tokens, **options))

    def stream_chat(
        self, messages: Sequence[Message], max_new_tokens: int = MAX_NEW_TOKENS, **options: Unpack[SamplingOptions]
    ) -> Iterator[str]:
        """Answers as `chat` does, and yields the answer in pieces as it is generated."""
        return self.chat_session().stream(messages, max_new_tokens, Sampling(**options))

    def chat_session(self) -> ChatSession:
        """A session that answers a growing chat and reads only new messages, while the weights do not change."""
        model = self.model.eval()
        self._task("generate" if "generate" in self.config.task.verbs else "chat", LanguageModelingTask)
        if not isinstance(model, DecoderOnly):
            raise UserError(f"a chat needs a decoder, but the model is {self.config.model.architecture}")
        return ChatSession(model, self.tokenizer, self.config.model.context)

    def score(self, text: str) -> list[TokenScore]:
        """Each token after the first, with the natural logarithm of its probability given the tokens before it.

        Raises:
            UserError: the text has fewer than two tokens, or characters that the tokenizer cannot read.
        """
        return self._writer("score").score(text)

    @overload
    def fill(self, text: str, top_k: int = 5) -> list[list[Candidate]]: ...
    @overload
    def fill(self, text: Texts, top_k: int = 5) -> list[list[list[Candidate]]]: ...
    def fill(self, text: str | Texts, top_k: int = 5) -> list[list[Candidate]] | list[list[list[Candidate]]]:
        """The most likely tokens for each mask in a text, as the tokenizer spells it (``[MASK]``), in order.

        Raises:
            UserError: a text has no mask, or exceeds the context.
        """
        self._task("fill", MaskedLanguageModelingTask)
        return _like(text, fill(self, _several(text), top_k))

    @overload
    def classify(self, given: Several, *, truncated: Counter[str] | None = None) -> list[Prediction]: ...
    @overload
    def classify(self, given: Any, *, truncated: Counter[str] | None = None) -> Prediction: ...
    def classify(self, given: Any, *, truncated: Counter[str] | None = None) -> Prediction | list[Prediction]:
        """The label of an input, with its probability and those of all labels (`LabelPrediction`).

        For models with several labels per input: those with a probability above one half (`LabelsPrediction`). For
        regression: the value (`ValuePrediction`).

        Args:
            given: one input or a list of them: texts; images or recordings, as paths or arrays; or graphs
                (`cutaway.data.examples.Graph`).
            truncated: counts inputs that are truncated because they are too long; without it, they are rejected.

        Raises:
            UserError: an input cannot be read, or the model does not take it.
        """
        task: ClassificationTask[Any, Any] = self._task("classify", ClassificationTask)  # type: ignore[type-abstract]
        return _like(given, task.classify(self, _several(given), truncated))

    @overload
    def tag(self, text: str) -> list[TaggedWord]: ...
    @overload
    def tag(self, text: Texts) -> list[list[TaggedWord]]: ...
    def tag(self, text: str | Texts) -> list[TaggedWord] | list[list[TaggedWord]]:
        """The words of a text, separated by white space, each with its most likely tag.

        Raises:
            UserError: the text exceeds the context.
        """
        return _like(text, self.tag_words([one.split() for one in _several(text)]))

    def tag_words(self, sentences: Sequence[Sequence[str]]) -> list[list[TaggedWord]]:
        """The same for sentences given as words."""
        return self._task("tag", TokenClassificationTask).tag(self, sentences)

    def answer(self, question: str, context: str) -> Answer:
        """The span of the context that answers the question best.

        Long contexts are read in windows.

        Raises:
            UserError: the question exceeds the context of the model, or the context is empty.
        """
        return self.answer_all([(question, context)])[0]

    def answer_all(self, questions: Sequence[tuple[str, str]]) -> list[Answer]:
        """The same for many questions, each with its context."""
        return self._task("answer", QuestionAnsweringTask).predict(self, questions)

    @overload
    def translate(self, text: str, *, num_beams: int = 5, length_penalty: float = 1.0) -> str: ...
    @overload
    def translate(self, text: Texts, *, num_beams: int = 5, length_penalty: float = 1.0) -> list[str]: ...
    def translate(self, text: str | Texts, *, num_beams: int = 5, length_penalty: float = 1.0) -> str | list[str]:
        """The target text of a source, by beam search.

        Args:
            text: one source or several.
            num_beams: the number of beams; 1 is greedy.
            length_penalty: α of Wu et al. 2016, eq. 14.

        Raises:
            UserError: a source exceeds the context: it is never truncated.
        """
        return self._rewrite("translate", text, num_beams, length_penalty)

    @overload
    def summarize(self, text: str, *, num_beams: int = 5, length_penalty: float = 1.0) -> str: ...
    @overload
    def summarize(self, text: Texts, *, num_beams: int = 5, length_penalty: float = 1.0) -> list[str]: ...
    def summarize(self, text: str | Texts, *, num_beams: int = 5, length_penalty: float = 1.0) -> str | list[str]:
        """The same as `translate`, for a model trained to summarize."""
        return self._rewrite("summarize", text, num_beams, length_penalty)

    @overload
    def caption(self, image: Several, *, num_beams: int = 5, length_penalty: float = 1.0) -> list[str]: ...
    @overload
    def caption(self, image: Any, *, num_beams: int = 5, length_penalty: float = 1.0) -> str: ...
    def caption(self, image: Any, *, num_beams: int = 5, length_penalty: float = 1.0) -> str | list[str]:
        """The caption of an image, by beam search.

        Args:
            image: one or a list of them, as paths or as arrays (height, width, channels).
            num_beams: the number of beams; 1 is greedy.
            length_penalty: α of Wu et al. 2016, eq. 14.

        Raises:
            UserError: an image cannot be read, or the model does not take it.
        """
        return self._rewrite("caption", image, num_beams, length_penalty)

    def sort(self, numbers: Sequence[int]) -> list[int]:
        """The numbers in order, as predicted by the model.

        Raises:
            UserError: the model does not have a number, or there are more numbers than its context.
        """
        return self.compute("sort", [numbers])[0]

    def add(self, first: int, second: int) -> int:
        """The sum of two numbers, as predicted by the model.

        Raises:
            UserError: a number is negative, or they have too many digits for the context.
        """
        return self.add_all([(first, second)])[0]

    def add_all(self, pairs: Sequence[tuple[int, int]]) -> list[int]:
        """The same for many pairs."""
        return self._task("add", AlgorithmicTask).add(self, pairs)

    def compute(self, operation: str, rows: Sequence[Sequence[int]]) -> list[list[int]]:
        """The model's predictions for rows of symbols: `sort`, `reverse`, `copy` or `add`, as it was trained.

        For add, two numbers are written digit by digit (`cutaway.tasks.algorithmic.generated.sequences`).
        """
        return self._task(operation, AlgorithmicTask).predict(self, rows)

    def embed(
        self, text: str | Texts, *, pooling: str | None = None, truncated: Counter[str] | None = None
    ) -> np.ndarray:
        """A vector per text: its pooled last hidden states, (C,) in fp32; for several texts (B, C).

        Args:
            text: one or several.
            pooling: `mean`, `cls`, `max` or `last`; by default that of the model's head, or the mean.
            truncated: counts texts that are truncated because they are too long; without it, they are rejected.

        Raises:
            UserError: a text is empty, exceeds the context or the model's `task.longest`, or there is no such pooling.
        """
        self._task("embed", Task)
        vectors = embed(self, _several(text), pooling, truncated)
        if not isinstance(text, list | tuple):
            return vectors[0]
        return np.stack(vectors) if vectors else np.empty((0, self.config.model.width), np.float32)

    def export(self, out: str | Path, to: str = "hf", *, numbers: str | None = None) -> Exported:
        """Writes the model for other programs, loads it again, and compares.

        Args:
            out: a new or empty folder; for other formats a new file.
            to: `hf`, a folder for `transformers`; `gguf`, a file for llama.cpp; or `onnx`, a graph of an encoder.
            numbers: of matrices in a GGUF file: `f32`, `f16` (default), `bf16` or `q8_0`.

        Raises:
            UserError: the format does not support the model, the model is quantized, `out` exists, or the written
                model has other logits.
        """
        require_unquantized(self.model, "exported")
        if to not in FORMATS:
            raise UserError(f"no format is called {to!r}; {nearest(to, FORMATS)}")
        if numbers is not None and to != "gguf":
            raise UserError(f"numbers={numbers} is for gguf only: remove it")
        chosen: dict[str, Any] = {} if numbers is None else {"numbers": numbers}
        if to == "hf":
            chosen["source_tokenizer"] = self.source_tokenizer
            chosen["preferred"] = None if self.opened is None else self.opened.imported.model_type
        return FORMATS[to](with_plain_weights(self.model.eval()), self.config, self._tokenizer, Path(out), **chosen)

    def seq2seq_generator(self, verb: str, *, truncate: bool = False) -> Seq2SeqGenerator:
        """Finds or samples several texts per source; `truncate` truncates sources that are too long."""
        task: Seq2SeqTask[Any, Any] = self._task(verb, Seq2SeqTask)  # type: ignore[type-abstract]
        return task.generator(self, truncate=truncate)

    def _rewrite(self, verb: str, given: Any, num_beams: int, length_penalty: float) -> str | list[str]:
        options = BeamOptions(
            num_beams=num_beams, length_penalty=length_penalty, max_new_tokens=self.config.model.context
        )
        found = self.seq2seq_generator(verb).search(_several(given), options)
        return _like(given, [best[0]["text"] for best in found])

    def _drafted(self, draft: "Draft | Pipeline | str | None") -> Draft | None:
        return draft if draft is None or isinstance(draft, Draft) else self.draft(draft)

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
