"""Usual names of columns and fields: what readers look for where a user has not chosen, and what data is guessed by."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SOURCES = ("text", "sentence", "document", "prompt", "source")
TARGETS = ("label", "labels", "summary", "completion", "target", "caption")
TEXTS = (
    *SOURCES,
    *("review", "message", "content", "comment", "tweet", "sms", "headline", "utterance", "body", "abstract"),
    *("review_text", "review_body", "comment_text", "tweet_text", "message_text", "full_text", "post", "description"),
    *("question", "query", "input", "title"),
)
"""Of texts to classify."""
CLASSES = (
    *("label", "class", "category", "sentiment", "intent", "topic", "emotion", "polarity", "genre", "tag"),
    *("gold_label", "class_label", "label_text", "target"),
)
NUMBERS = ("score", "rating", "stars", "value", "similarity")
"""Of measures, for regression."""
PAIRS = (
    *(("source", "target"), ("src", "tgt"), ("document", "summary"), ("article", "summary"), ("text", "summary")),
    *(("article", "highlights"), ("article", "headline"), ("dialogue", "summary"), ("prompt", "completion")),
    *(("instruction", "output"), ("instruction", "response"), ("question", "answer"), ("input", "output")),
)
"""Of a text and the text that is to be written."""
FILES = ("path", "file", "filename", "file_name", "filepath", "file_path", "image", "audio")
CAPTIONS = ("caption", "text", "title")
LANGUAGES = {
    *("ar", "bg", "bn", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi", "hr", "hu", "id", "it"),
    *("ja", "ko", "lt", "lv", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sr", "sv", "ta", "th", "tr", "uk", "ur"),
    *("vi", "zh"),
}
"""Codes of languages (ISO 639-1)."""
KNOWN = frozenset((*TEXTS, *CLASSES, *NUMBERS, *TARGETS, *FILES, *(name for pair in PAIRS for name in pair)))


@dataclass(frozen=True)
class Wanted:
    """The two columns that a reader looks for, by their usual names, the likeliest first.

    Attributes:
        what: both, in words.
        sources: names of the input.
        targets: names of the target.
        pairs: names of both, which are tried first.
        has_languages: whether two columns named by the codes of languages are such a pair.
        recurs: whether targets usually recur, as labels do.
    """

    what: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...] = ()
    has_languages: bool = False
    recurs: bool = False

    def find(self, columns: Sequence[str]) -> tuple[str | None, str | None]:
        """The column of the input and that of the target, each None if no column has a usual name."""
        for pair in self.pairs:
            source, target = (named(columns, (name,)) for name in pair)
            if source is not None and target is not None:
                return source, target
        languages = languages_in(columns)
        if self.has_languages and len(languages) == 2:
            return languages[0], languages[1]
        source = named(columns, self.sources)
        return source, named([column for column in columns if column != source], self.targets)


LABELLED_TEXTS = Wanted("a text and its label", TEXTS, (*CLASSES, *NUMBERS, *TARGETS), recurs=True)
TEXT_PAIRS = Wanted("a text and its target", TEXTS, (*TARGETS, *CLASSES), PAIRS, has_languages=True)
LABELLED_FILES = Wanted("a path and its label", FILES, (*CLASSES, *NUMBERS, *TARGETS), recurs=True)
CAPTIONED_FILES = Wanted("a path and its caption", FILES, (*CAPTIONS, *TARGETS))


def normal(name: str) -> str:
    """A name as it is compared: in lower case, without space around it, the words of it joined by underscores."""
    return "_".join(name.strip().strip("\ufeff\"'").lower().replace("-", " ").replace("_", " ").split())


def is_known(name: str) -> bool:
    """Whether a name is usual, also in the plural."""
    return bool(_forms(name) & KNOWN)


def named(columns: Iterable[str], names: Iterable[str]) -> str | None:
    """The first of the names that a column has, as the column has it; None if none does."""
    return next(iter(all_named(columns, names)), None)


def all_named(columns: Iterable[str], names: Iterable[str]) -> list[str]:
    """The columns with one of the names, in the order of the names."""
    listed = sorted(((column, _forms(column)) for column in columns), key=lambda one: one[0].count("."))
    found = (column for name in names for column, forms in listed if name in forms)
    return list(dict.fromkeys(found))


def languages_in(columns: Iterable[str]) -> list[str]:
    """The columns that are named by languages; `id` is Indonesian beside one language, not beside two."""
    found = [column for column in columns if _last(column) in LANGUAGES]
    return [column for column in found if _last(column) != "id"] if len(found) > 2 else found


def same(columns: Iterable[str], name: str) -> str | None:
    """The column that a user has chosen: with exactly this name, or one that differs in case or space only.

    Of a field in an object, such as `translation.en`, the last part is enough.
    """
    every = list(columns)
    if name in every:
        return name
    return next((one for form in (normal, _last) for one in every if form(one) == normal(name)), None)


def _forms(name: str) -> set[str]:
    return {form for one in (normal(name), _last(name)) for form in (one, one.removesuffix("s"))}


def _last(name: str) -> str:
    """The last part of the name of a field in an object, such as `translation.en`."""
    return normal(name).rpartition(".")[2]
