"""Opening a trained model: a run folder, or a model of another library."""

from pathlib import Path

import torch

from cutaway.config.reading import load_run
from cutaway.devices import require_device_name
from cutaway.errors import UserError
from cutaway.hub.opening import is_foreign, open_model
from cutaway.keywords import explained
from cutaway.model.build import build
from cutaway.model.device import choose_device, choose_dtype
from cutaway.model.formats import for_inference, require_format
from cutaway.model.run_folder import RunFolder, read_average, read_weights
from cutaway.pipeline.methods import Pipeline
from cutaway.text.tokenizer import Tokenizer


@explained
def load(
    path: str | Path,
    device: str = "auto",
    dtype: str | torch.dtype | None = None,
    *,
    quantize: str | None = None,
    average: int = 1,
) -> Pipeline:
    """Loads a run folder, a Hugging Face folder, or a model by its name on the hub.

    Args:
        path: the folder, or a name such as ``owner/model`` or ``owner/model@revision``.
        device: `auto` (CUDA if there is one, else the CPU), `cpu`, `gpu` (CUDA, or MPS where there is none), `cuda` or
            `mps`.
        dtype: of the weights and of what is computed from them: `fp32`, `bf16`, `fp16`, or a torch dtype. Where it is
            given, the model is for inference: linear layers are packed where that is faster, and no weight needs a
            gradient. By default, weights are read in fp32 and can be trained.
        quantize: `q8` or `q4` stores the weights of linear layers in 8 or 4 bits, for inference; None does not.
        average: 1 loads the best weights; more averages this many last checkpoints.

    Raises:
        UserError: there is no run, one of its files is missing or damaged, or there is no such device or format.
    """
    require_device_name(device)
    require_format(quantize)
    chosen = None if dtype is None else choose_dtype(dtype)
    name = path if isinstance(path, str) else path.as_posix()  # a name on the hub has a slash on Windows too
    if is_foreign(name):
        return _in_format(_open(name, device, average), chosen, quantize)
    folder = RunFolder(Path(path))
    folder.require(folder.weights)
    config = load_run(folder.run)
    tokenizer = source = None
    if config.task.spec.has_text:
        folder.require(folder.tokenizer)
        tokenizer = _load_tokenizer(folder.tokenizer, config.model.vocabulary)
    if config.source_tokenizer is not None:
        folder.require(folder.source_tokenizer)
        source = _load_tokenizer(folder.source_tokenizer, config.model.source_vocabulary or config.model.vocabulary)
    model = build(config.model).to(choose_device(device))
    if average == 1:
        read_weights(folder.weights, model)
    else:
        read_average(folder.last_checkpoints(average), model)
    pipeline = Pipeline(model.eval(), tokenizer, config, source, path=Path(path))
    return _in_format(pipeline, chosen, quantize)


def _open(path: str, device: str, average: int) -> Pipeline:
    if average != 1:
        raise UserError(f"{path} is not a run folder: it has no checkpoints to average")
    opened = open_model(path)
    imported = opened.imported
    model = imported.model.to(choose_device(device))
    return Pipeline(model, opened.tokenizer, imported.config, opened.source_tokenizer, opened, Path(path))


def _in_format(pipeline: Pipeline, dtype: torch.dtype | None, quantize: str | None) -> Pipeline:
    if dtype is not None or quantize is not None:
        for_inference(pipeline.model, dtype, quantize)
    return pipeline


def _load_tokenizer(path: Path, known: int | None) -> Tokenizer:
    tokenizer = Tokenizer.load(path)
    if known is not None and tokenizer.vocabulary > known:
        raise UserError(f"{path} has {tokenizer.vocabulary} tokens, but the model has {known}")
    return tokenizer
