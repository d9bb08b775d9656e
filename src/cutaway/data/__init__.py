"""Readers by modality, from files to examples, and batches of them."""

from typing import TYPE_CHECKING

from cutaway.exports import exports

if TYPE_CHECKING:
    from cutaway.data.audio.log_mel import LogMel as LogMel
    from cutaway.data.audio.recordings import read_recordings as read_recordings
    from cutaway.data.audio.wav import read_wav as read_wav
    from cutaway.data.batches import (
        BatchLimit as BatchLimit,
        Examples as Examples,
        RandomBatches as RandomBatches,
        SequentialBatches as SequentialBatches,
    )
    from cutaway.data.collect import collect_examples as collect_examples, read_examples as read_examples
    from cutaway.data.examples import (
        Answer as Answer,
        CaptionedImage as CaptionedImage,
        Graph as Graph,
        LabelledAudio as LabelledAudio,
        LabelledImage as LabelledImage,
        LabelledText as LabelledText,
        Pair as Pair,
        Question as Question,
        Tagged as Tagged,
    )
    from cutaway.data.graphs.distances import shortest_paths as shortest_paths
    from cutaway.data.graphs.edge_lists import read_graphs as read_graphs
    from cutaway.data.held_out import hold_out as hold_out
    from cutaway.data.images.captioned_images import read_captions as read_captions
    from cutaway.data.images.labelled_images import read_images as read_images
    from cutaway.data.images.pixels import open_image as open_image
    from cutaway.data.padding import length_mask as length_mask, pad as pad, pad_with_mask as pad_with_mask
    from cutaway.data.proteins.fasta import Protein as Protein, read_fasta as read_fasta
    from cutaway.data.readers import read_file as read_file
    from cutaway.data.tables.conll import read_conll as read_conll
    from cutaway.data.tables.labelled_texts import read_labelled as read_labelled
    from cutaway.data.tables.rows import read_table as read_table
    from cutaway.data.tables.squad import read_squad as read_squad
    from cutaway.data.tables.text_pairs import read_pairs as read_pairs
    from cutaway.data.text.corpus import Corpus as Corpus, open_corpus as open_corpus
    from cutaway.data.text.masking import Masking as Masking
    from cutaway.data.text.prepare import prepare as prepare
    from cutaway.data.text.shards import (
        TokenStream as TokenStream,
        open_shard as open_shard,
        write_shard as write_shard,
    )
    from cutaway.data.text.sources import Source as Source, open_source as open_source
    from cutaway.data.text.windows import RandomWindows as RandomWindows, SequentialWindows as SequentialWindows

_HOMES = {
    "Answer": "cutaway.data.examples",
    "BatchLimit": "cutaway.data.batches",
    "CaptionedImage": "cutaway.data.examples",
    "Corpus": "cutaway.data.text.corpus",
    "Examples": "cutaway.data.batches",
    "Graph": "cutaway.data.examples",
    "LabelledAudio": "cutaway.data.examples",
    "LabelledImage": "cutaway.data.examples",
    "LabelledText": "cutaway.data.examples",
    "LogMel": "cutaway.data.audio.log_mel",
    "Masking": "cutaway.data.text.masking",
    "Pair": "cutaway.data.examples",
    "Protein": "cutaway.data.proteins.fasta",
    "Question": "cutaway.data.examples",
    "RandomBatches": "cutaway.data.batches",
    "RandomWindows": "cutaway.data.text.windows",
    "SequentialBatches": "cutaway.data.batches",
    "SequentialWindows": "cutaway.data.text.windows",
    "Source": "cutaway.data.text.sources",
    "Tagged": "cutaway.data.examples",
    "TokenStream": "cutaway.data.text.shards",
    "collect_examples": "cutaway.data.collect",
    "hold_out": "cutaway.data.held_out",
    "length_mask": "cutaway.data.padding",
    "open_corpus": "cutaway.data.text.corpus",
    "open_image": "cutaway.data.images.pixels",
    "open_shard": "cutaway.data.text.shards",
    "open_source": "cutaway.data.text.sources",
    "pad": "cutaway.data.padding",
    "pad_with_mask": "cutaway.data.padding",
    "prepare": "cutaway.data.text.prepare",
    "read_captions": "cutaway.data.images.captioned_images",
    "read_conll": "cutaway.data.tables.conll",
    "read_examples": "cutaway.data.collect",
    "read_fasta": "cutaway.data.proteins.fasta",
    "read_file": "cutaway.data.readers",
    "read_graphs": "cutaway.data.graphs.edge_lists",
    "read_images": "cutaway.data.images.labelled_images",
    "read_labelled": "cutaway.data.tables.labelled_texts",
    "read_pairs": "cutaway.data.tables.text_pairs",
    "read_recordings": "cutaway.data.audio.recordings",
    "read_squad": "cutaway.data.tables.squad",
    "read_table": "cutaway.data.tables.rows",
    "read_wav": "cutaway.data.audio.wav",
    "shortest_paths": "cutaway.data.graphs.distances",
    "write_shard": "cutaway.data.text.shards",
}

if not TYPE_CHECKING:
    __getattr__, __dir__, __all__ = exports(__name__, _HOMES)
