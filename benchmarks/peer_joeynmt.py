"""JoeyNMT (https://github.com/joeynmt/joeynmt) from a checkout: its model and training step on given batches."""

import importlib.util
import logging
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn
from torch.utils.data import RandomSampler

from cutaway.config import RunConfig
from cutaway.data.padding import pad
from cutaway.tasks.sequence_to_sequence.task import PairRow

UNKNOWN, PADDING, BEGIN, END = range(4)
"""JoeyNMT's order. Rows contain only the last two of these, which have the same ids in cutaway."""
NEEDED = ("importlib_metadata", "matplotlib", "sacrebleu", "sentencepiece", "subword_nmt", "tensorboard", "tqdm")


def open_joeynmt(checkout: Path) -> None:
    """Makes `import joeynmt` work without log output; exits with one line if it cannot."""
    if not (checkout / "joeynmt" / "training.py").is_file():
        sys.exit(f"{checkout} is not a checkout of JoeyNMT: it has no joeynmt/training.py")
    if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        sys.exit(f"JoeyNMT needs {', '.join(missing)}: pip install -r benchmarks/requirements.txt")
    sys.path.insert(0, str(checkout.resolve()))
    logging.disable(logging.INFO)


class JoeyNMT:
    """A model of the shape that a run of cutaway has, trained with the same choices."""

    def __init__(self, config: RunConfig) -> None:
        from joeynmt.training import TrainManager

        self.model = same_model(config)
        with tempfile.TemporaryDirectory() as logs:
            self._manager = TrainManager(
                rank=0,
                model=self.model,
                model_dir=Path(logs),
                device=torch.device("cpu"),
                autocast={"device_type": "cpu", "enabled": False},
                train_args=same_training(config),
            )

    def learn(self, rows: Sequence[PairRow]) -> int:
        """One step, as in the loop of `TrainManager.train_and_validate`; returns the number of target tokens."""
        batch = make_batch(rows)
        self._manager._train_step(batch)
        self._manager.clip_grad_fun(parameters=self.model.parameters())
        self._manager.optimizer.step()
        self.model.zero_grad()
        return batch.ntokens


def same_model(config: RunConfig) -> nn.Module:
    """A model of the shape that the run has."""
    from joeynmt.model import build_model
    from joeynmt.vocabulary import Vocabulary

    chosen = config.model
    symbols = SimpleNamespace(
        unk_token="<unk>", pad_token="<pad>", bos_token="<s>", eos_token="</s>", sep_token=None, lang_tags=[],
        unk_id=UNKNOWN, pad_id=PADDING, bos_id=BEGIN, eos_id=END,
    )  # fmt: skip
    vocabulary = Vocabulary([str(number) for number in range(END + 1, chosen.vocabulary)], symbols)
    side = {
        "type": "transformer",
        "num_layers": chosen.layers,
        "num_heads": chosen.attention.heads,
        "embeddings": {"embedding_dim": chosen.width, "scale": True},
        "hidden_size": chosen.width,
        "ff_size": chosen.feedforward.hidden,
        "dropout": chosen.dropout,
        "layer_norm": "pre",
    }
    shape = {"tied_embeddings": True, "tied_softmax": True, "encoder": side, "decoder": side}
    model = build_model(shape, vocabulary, vocabulary)
    model.loss_function = ("crossentropy", config.task.label_smoothing)
    return model


def same_training(config: RunConfig) -> Any:
    """The choices of the run in its own words."""
    from joeynmt.config import parse_train_args

    optimizer = config.train.optimizer
    choices = {
        "optimizer": "adam",
        "learning_rate": optimizer.learning_rate,
        "adam_betas": [optimizer.beta1, optimizer.beta2],
        "clip_grad_norm": config.train.gradient_clip,
        "scheduling": "decaying",  # it must have one; this one moves between epochs only
        "normalization": "tokens",
        "batch_size": config.train.batch_tokens,
        "batch_type": "token",
    }
    return parse_train_args(choices)


def make_batch(rows: Sequence[PairRow]) -> Any:
    """What its `collate_fn` makes of token ids."""
    from joeynmt.batch import Batch

    return Batch(
        src=torch.from_numpy(pad([row.source for row in rows], PADDING)),
        src_length=torch.tensor([len(row.source) for row in rows]),
        src_prompt_mask=None,
        trg=torch.from_numpy(pad([row.target for row in rows], PADDING)),
        trg_prompt_mask=None,
        indices=torch.arange(len(rows)),
        device=torch.device("cpu"),
        pad_index=PADDING,
        eos_index=END,
    )


def own_batches(rows: Sequence[PairRow], tokens: int) -> Iterator[list[PairRow]]:
    """Rows as its sampler puts them together, epoch after epoch."""
    from joeynmt.datasets import TokenBatchSampler

    texts = [(number, row.source[:-1], row.target[1:-1]) for number, row in enumerate(rows)]
    sampler = TokenBatchSampler(RandomSampler(texts), tokens, drop_last=True, seed=0)
    while True:
        yield from ([rows[number] for number in batch] for batch in sampler)
