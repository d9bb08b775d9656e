"""Text -> token ids on disk. A preparation that was killed is continued by the next call."""

from collections.abc import Iterator
from functools import partial
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from cutaway.config.data import DataConfig
from cutaway.config.record import Record
from cutaway.config.tokenizer import TokenizerConfig
from cutaway.data.text.corpus import (
    MANIFEST_FILE,
    TOKENIZER_FILE,
    Corpus,
    Manifest,
    Part,
    Request,
    open_corpus,
    read_record,
    shard_path,
    write_record,
)
from cutaway.data.text.encode import Encoder
from cutaway.data.text.scan import Progress, Scan, scan_source
from cutaway.data.text.sources import Source, open_source
from cutaway.data.text.split import in_parts, training_characters
from cutaway.errors import UserError
from cutaway.files import make_folder
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.training import train_tokenizer

UNFINISHED_FILE = "unfinished.json"
SHARD_CHARACTERS = 1 << 24
TOKENIZER_CHARACTERS = 50_000_000


class Plan(Record):
    """The parameters of an unfinished preparation, on disk until it is finished."""

    request: Request
    scan: Scan
    shard_characters: int


def prepare(
    data: DataConfig,
    tokenizer: TokenizerConfig | Tokenizer,
    folder: str | Path,
    *,
    specials: tuple[str, ...] = (),
    progress: Progress = lambda done, total: None,
    shard_characters: int = SHARD_CHARACTERS,
) -> Corpus:
    """Turns a text into tokens on disk, in a folder of its own, and opens them.

    The text is read twice, to count and to encode it; neither it nor its tokens need fit into memory. It is split at a
    character into a training and a validation part, which are encoded separately. If there are several documents, an
    end token follows each. A finished preparation is opened without reading the text.

    Args:
        data: the text, and how to split it.
        tokenizer: an existing one, or how to train one: characters on the whole text, merges on the training part.
        folder: for the tokens, `tokenizer.json` and `manifest.json`.
        specials: special tokens of a tokenizer that is trained here.
        progress: called as `progress(done, total)` in characters; the total is None while they are counted.
        shard_characters: text per file of tokens, and the most work lost if the process is killed.

    Raises:
        UserError: the text cannot be read or used, or has changed since the preparation was started; the folder
            contains another preparation; the tokenizer lacks a character.
        JobError: the folder cannot be written.
    """
    folder = Path(folder)
    how = tokenizer.sha256 if isinstance(tokenizer, Tokenizer) else tokenizer
    request = Request(data=data, tokenizer=how, specials=specials)
    if (folder / MANIFEST_FILE).exists():
        _refuse_other(read_record(folder / MANIFEST_FILE, Manifest).request, request, folder)
    else:
        with open_source(request.data) as source:
            _finish(request, source, tokenizer, folder, progress, shard_characters)
    (folder / UNFINISHED_FILE).unlink(missing_ok=True)
    return open_corpus(folder)


def _finish(
    request: Request,
    source: Source,
    tokenizer: TokenizerConfig | Tokenizer,
    folder: Path,
    progress: Progress,
    shard_characters: int,
) -> None:
    scan, alphabet = scan_source(source, progress)
    plan = _begin(Plan(request=request, scan=scan, shard_characters=shard_characters), folder, source.name)
    cut = training_characters(scan.characters, request.data.validation)
    if not (folder / TOKENIZER_FILE).exists():
        if not isinstance(tokenizer, Tokenizer):
            texts = _training_texts(source, min(cut, TOKENIZER_CHARACTERS))
            tokenizer = train_tokenizer(
                tokenizer, texts, alphabet=alphabet, specials=request.specials, with_end=scan.documents > 1
            )
        tokenizer.save(folder / TOKENIZER_FILE)
    encoder = Encoder(Tokenizer.load(folder / TOKENIZER_FILE), scan, progress)
    parts = {
        name: encoder.write_part(chunks, partial(shard_path, folder, name), plan.shard_characters)
        for name, chunks in groupby(in_parts(source.documents(), cut), key=attrgetter("part"))
    }
    if encoder.done != scan.characters:
        raise UserError(_changed(source.name, folder))
    none = Part(characters=0, shards=())
    training, validation = parts.get("training", none), parts.get("validation", none)
    manifest = Manifest(request=request, scan=scan, training=training, validation=validation)
    write_record(folder / MANIFEST_FILE, manifest)


def _begin(plan: Plan, folder: Path, name: str) -> Plan:
    """Records the parameters, or reads those of an unfinished preparation, which then apply."""
    path = folder / UNFINISHED_FILE
    if path.exists():
        begun = read_record(path, Plan)
        _refuse_other(begun.request, plan.request, folder)
        if begun.scan != plan.scan:
            raise UserError(_changed(name, folder))
        return begun
    if (folder / TOKENIZER_FILE).exists() or (folder / "tokens").exists():
        raise UserError(f"{folder} holds tokens of an unknown text: choose another folder, or remove this one")
    make_folder(folder)
    write_record(path, plan)
    return plan


def _training_texts(source: Source, characters: int) -> Iterator[str]:
    for chunk in in_parts(source.documents(), characters):
        if chunk.part != "training":
            return
        yield chunk.text


def _refuse_other(there: Request, asked: Request, folder: Path) -> None:
    before, now = there.model_dump(), asked.model_dump()
    different = "; ".join(f"{name} {before[name]}, not {now[name]}" for name in now if before[name] != now[name])
    if different:
        raise UserError(f"{folder} was prepared with {different}: choose another folder, or remove this one")


def _changed(name: str, folder: Path) -> str:
    return f"{name} has changed since its preparation was started: remove {folder} to start again"
