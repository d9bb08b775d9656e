"""The functions of `cutaway`: what the command line does, from Python."""

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cutaway.config.data import DataConfig
from cutaway.config.model import ModelConfig
from cutaway.config.reading import override, read_config
from cutaway.config.run import RunConfig
from cutaway.errors import UserError
from cutaway.keywords import explained
from cutaway.metrics.report import Report
from cutaway.model.build import build as build_model
from cutaway.model.transformer import Transformer
from cutaway.pipeline import Pipeline, load
from cutaway.progress import PreparationBar, say, train_with_progress
from cutaway.runs.checking import CheckReport, check_pipeline
from cutaway.runs.evaluation import evaluate_data, evaluate_run
from cutaway.runs.fitting import config_for
from cutaway.runs.origin import going_on
from cutaway.runs.plan import with_expected_sizes
from cutaway.runs.requirements import chosen_by_task
from cutaway.runs.run import free_folder, start
from cutaway.runs.run import resume as resume_run
from cutaway.runs.session import TrainedRun, train_run
from cutaway.tasks.task import EvaluationOptions

AnyPath = str | Path


def train(
    preset_or_config: AnyPath | RunConfig | None = None,
    data: AnyPath | None = None,
    out: AnyPath | None = None,
    *,
    task: str | None = None,
    progress: bool = True,
    **overrides: Any,
) -> TrainedRun:
    """Trains a model from fresh weights.

    ```python
    run = cutaway.train("gpt-nano", "book.txt", "runs/book", steps=300, context=128)
    run = cutaway.train("gpt-nano", "book.txt", model={"layers": 4, "attention": {"kv_heads": 2}})
    pipeline = run.load()
    ```

    Args:
        preset_or_config: the name of a preset, the path of a run file, or a config; without one, preset and task follow
            from the data.
        data: a text or examples: a file or a folder.
        out: the run folder to make; runs/PRESET by default.
        task: the task, such as ``sequence-classification``, if it is another than the preset's.
        progress: whether progress is shown.
        **overrides: choices to change (see `load_preset`).

    Raises:
        UserError: a choice does not exist, the data cannot be read, or the folder is in use.
        JobError: training failed; the last checkpoint is intact.
    """
    given = assignments(_with_data(overrides, data))
    if isinstance(preset_or_config, RunConfig):
        by_task = [] if task is None else chosen_by_task(task, preset_or_config)
        config = override(preset_or_config, [*by_task, *given])
    elif preset_or_config is None and data is None and task is None:
        raise UserError("name a preset, such as gpt-nano, or give data")
    else:
        config, note = config_for(None if preset_or_config is None else str(preset_or_config), task, given)
        if note is not None and progress:
            say(note)
    name = config.preset or (Path(str(preset_or_config)).stem if isinstance(preset_or_config, AnyPath) else "run")
    return _started(config, free_folder(name) if out is None else Path(out), None, progress)


def finetune(
    model: AnyPath | Pipeline | TrainedRun,
    data: AnyPath | None = None,
    out: AnyPath | None = None,
    *,
    task: str | None = None,
    progress: bool = True,
    **overrides: Any,
) -> TrainedRun:
    """Trains a trained model further, for its own task or another.

    Args:
        model: a run folder, a Hugging Face folder or name, a GGUF file, what `load` returned for one of them, or what
            `train` returned.
        data: as in `train`.
        out: as in `train`; by default runs/NAME, with the name of the model.
        task: as in `train`; the model's own by default.
        progress: as in `train`.
        **overrides: as in `train`; the body of the model cannot be changed.

    Raises:
        UserError: as in `train`, or the model cannot be trained for the task.
        JobError: as in `train`.
    """
    pipeline = _opened(model, "cpu")
    if pipeline.path is None:
        raise UserError("this pipeline was not loaded from files: give the path or the name of a model")
    name = str(pipeline.path)
    config = going_on(name, pipeline, task, assignments(_with_data(overrides, data)))
    return _started(config, free_folder(Path(name).stem) if out is None else Path(out), pipeline, progress)


def resume(run: AnyPath | TrainedRun, *, progress: bool = True, **overrides: Any) -> TrainedRun:
    """Trains a run further from its latest checkpoint, as if it had never stopped.

    Args:
        run: its folder.
        progress: as in `train`.
        **overrides: choices under `train` to change, such as `steps`.

    Raises:
        UserError: the folder holds no run, a file is damaged, or another choice is changed.
        JobError: as in `train`.
    """
    folder = run.path if isinstance(run, TrainedRun) else Path(run)
    resumed = resume_run(folder, assignments(overrides))
    return train_with_progress(resumed) if progress else train_run(resumed)


@explained
def evaluate(
    model: AnyPath | Pipeline | TrainedRun,
    data: AnyPath | None = None,
    *,
    field: str | None = None,
    target: str | None = None,
    num_beams: int = 5,
    length_penalty: float = 1.0,
    tokenize: str = "13a",
    device: str = "auto",
) -> Report:
    """Measures a model with the usual metric of its task.

    Args:
        model: a model, as `finetune` takes it.
        data: all of it is used; by default what the run held out.
        field: the field, column or file ending of the input.
        target: the field, column or file ending of the target.
        num_beams: the number of beams, for texts that are compared with references.
        length_penalty: α of Wu et al. 2016, eq. 14.
        tokenize: the tokenization of BLEU.
        device: as in `load`, unless the model is loaded already.

    Raises:
        UserError: the data cannot be read, or there is none.
    """
    pipeline = _opened(model, device)
    options = EvaluationOptions(num_beams, length_penalty, tokenize)
    if data is None:
        if field or target:
            raise UserError("field and target describe other data: give data too")
        if pipeline.path is None or pipeline.opened is not None:
            raise UserError("this model is not from a run folder, so it held nothing out: give data")
        return evaluate_run(pipeline, pipeline.path, options)
    own = pipeline.config.data
    chosen = DataConfig(path=str(data), field=field or own.field, target=target or own.target)
    # Windows cannot remove mapped files: tokens stay there while an exception refers to them.
    with TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        return evaluate_data(pipeline, chosen, Path(scratch) / "tokens", options)


@explained
def check(model: AnyPath | Pipeline | TrainedRun, *, device: str = "auto") -> CheckReport:
    """Measures properties that every correct model has, such as independence of padding and cache.

    Args:
        model: a model, as `finetune` takes it.
        device: as in `load`, unless the model is loaded already.
    """
    return check_pipeline(_opened(model, device))


@explained
def build(config: AnyPath | RunConfig | ModelConfig, *, seed: int = 0) -> Transformer:
    """Builds a model with fresh weights, which depend on the seed only.

    Args:
        config: a preset, a run file, or a config. The vocabulary size and the number of labels, where they are not
            chosen and only data determines them, are those that `cutaway plan` expects.
        seed: of the weights.

    Raises:
        UserError: there is no such preset, or a model config without a vocabulary size or number of labels is given.
    """
    if isinstance(config, ModelConfig):
        return build_model(config, seed=seed)
    run = config if isinstance(config, RunConfig) else read_config(str(config))
    return build_model(with_expected_sizes(run).model, seed=seed)


@explained
def load_preset(name: AnyPath, **overrides: Any) -> RunConfig:
    """Reads a preset or a run file, with changes.

    Args:
        name: the name of a preset, or the path of a run file.
        **overrides: any key: groups as dicts (``model={"layers": 4}``), dotted keys
            (``**{"model.layers": 4}``), or a key that is the only one of its name (``layers=4``, ``steps=200``).

    Raises:
        UserError: there is none of this name, or a choice does not exist; names the nearest.
    """
    return override(read_config(str(name)), assignments(overrides))


def assignments(overrides: Mapping[str, Any], above: str = "") -> list[str]:
    """Keyword arguments as `override` takes them: ``key=value`` with dotted keys and values in JSON."""
    found = []
    for name, value in overrides.items():
        key = above + name
        if isinstance(value, Mapping) and value:
            kind = {"kind": value["kind"]} if "kind" in value else {}
            found += assignments({**kind, **value}, f"{key}.")
        else:
            plain = str(value) if isinstance(value, Path) else value
            try:
                found.append(f"{key}={json.dumps(plain, ensure_ascii=False)}")
            except TypeError:
                raise UserError(f"{key} cannot be {value!r}: give a number, a text, a list or a dict") from None
    return found


def _with_data(overrides: Mapping[str, Any], data: AnyPath | None) -> dict[str, Any]:
    return dict(overrides) if data is None else {"data.path": str(data), **overrides}


def _started(config: RunConfig, out: Path, origin: Pipeline | None, progress: bool) -> TrainedRun:
    if not progress:
        return train_run(start(config, out, origin=origin))
    with PreparationBar() as bar:
        run = start(config, out, bar, origin)
    return train_with_progress(run)


def _opened(model: AnyPath | Pipeline | TrainedRun, device: str) -> Pipeline:
    if isinstance(model, TrainedRun):
        return model.load(device)
    return model if isinstance(model, Pipeline) else load(model, device)
