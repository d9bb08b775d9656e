"""SentencePiece models of multilingual encoder-decoders, whose pieces and languages have the ids of fairseq."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tokenizers
from tokenizers import AddedToken, models, normalizers
from tokenizers.processors import TemplateProcessing

from cutaway.errors import UserError
from cutaway.text.hf.classes import remade
from cutaway.text.hf.pieces import BPE, NORMAL, UNIGRAM, dress, merges_of, read_pieces
from cutaway.text.hf.vocabularies import ROBERTA as FAIRSEQ
from cutaway.text.hf.vocabularies import required
from cutaway.text.tokenizer_config import spelling
from cutaway.text.tokenizer_files import read_config

M2M_100 = {name: token for name, token in FAIRSEQ.items() if name not in ("cls_token", "mask_token")}
MBART = FAIRSEQ
PIECES = "sentencepiece.bpe.model"
M2M_100_CODES = (
    "af am ar ast az ba be bg bn br bs ca ceb cs cy da de el en es et fa ff fi fr fy ga gd gl gu ha he hi hr ht hu hy "
    "id ig ilo is it ja jv ka kk km kn ko lb lg ln lo lt lv mg mk ml mn mr ms my ne nl no ns oc or pa pl ps pt ro ru "
    "sd si sk sl so sq sr ss su sv sw ta th tl tn tr uk ur uz vi wo xh yi yo zh zu"
)
MBART_CODES = (
    "ar_AR cs_CZ de_DE en_XX es_XX et_EE fi_FI fr_XX gu_IN hi_IN it_IT ja_XX kk_KZ ko_KR lt_LT lv_LV my_MM ne_NP nl_XX "
    "ro_RO ru_RU si_LK tr_TR vi_VN zh_CN"
)
MBART_50_CODES = MBART_CODES + (
    " af_ZA az_AZ bn_IN fa_IR he_IL hr_HR id_ID ka_GE km_KH mk_MK ml_IN mn_MN mr_IN pl_PL ps_AF pt_XX sv_SE sw_KE ta_IN"
    " te_IN th_TH tl_XX uk_UA ur_PK xh_ZA gl_ES sl_SI"
)
"""The codes of languages, in the order of their ids."""


def read_m2m_100(folder: Path, options: Mapping[str, Any]) -> tokenizers.Tokenizer:
    """`sentencepiece.bpe.model`, whose pieces get their ids from `vocab.json`; languages follow (Fan et al. 2020).

    Raises:
        UserError: a file is damaged, or they do not fit each other.
    """
    path, proto, ids = folder / "vocab.json", read_pieces(folder / PIECES), read_config(folder / "vocab.json")
    if options.get("language_codes", "m2m100") != "m2m100":
        raise UserError(f"{folder} has the languages of {options['language_codes']}, and only m2m100's are known")
    unlisted = [piece.piece for piece in proto.pieces if piece.type == NORMAL and piece.piece not in ids]
    if proto.trainer_spec.model_type != BPE or unlisted or set(ids.values()) != set(range(len(ids))):
        raise UserError(f"{path} and {PIECES} are not byte-pair encoding whose pieces all have ids from 0 on")
    unknown = required(ids.get, options, "unk_token", path)[0]
    inner = tokenizers.Tokenizer(models.BPE(ids, merges_of(proto), unk_token=unknown, fuse_unk=True))
    dress(inner, proto, ())
    inner.add_special_tokens([required(ids.get, options, name, path)[0] for name in M2M_100])
    inner.add_special_tokens([f"__{code}__" for code in M2M_100_CODES.split()])
    source = {"src_lang": f"__{spelling(options.get('src_lang')) or 'en'}__"}
    before, after = (
        required(inner.token_to_id, {**options, **source}, name, folder) for name in ("src_lang", "eos_token")
    )
    inner.post_processor = TemplateProcessing(
        single=[before[0], "$A", after[0]], pair=[before[0], "$A", "$B", after[0]], special_tokens=[before, after]
    )
    return inner


def read_mbart(folder: Path, options: Mapping[str, Any]) -> tokenizers.Tokenizer:
    """`sentencepiece.bpe.model`, whose pieces follow fairseq's special tokens, and languages these (Liu et al. 2020).

    Raises:
        UserError: the file is damaged, or not of a unigram model.
    """
    proto = read_pieces(folder / PIECES)
    if proto.trainer_spec.model_type != UNIGRAM:
        raise UserError(f"{folder / PIECES} is not a unigram model")
    name = "MBart50Tokenizer" if "50" in str(options.get("tokenizer_class")) else "MBartTokenizer"
    codes = (MBART_50_CODES if name == "MBart50Tokenizer" else MBART_CODES).split()
    first, last = [MBART[role] for role in ("bos_token", "pad_token", "eos_token", "unk_token")], MBART["mask_token"]
    pieces = [(token, 0.0) for token in first] + [(piece.piece, piece.score) for piece in proto.pieces[3:]]
    inner = tokenizers.Tokenizer(models.Unigram([*pieces, *((token, 0.0) for token in (*codes, last))], unk_id=3))
    if table := proto.normalizer_spec.precompiled_charsmap:
        inner.normalizer = normalizers.Precompiled(table)
    inner.add_special_tokens([*first, *codes, AddedToken(last, lstrip=True, normalized=False)])
    return remade(inner, name, options)
