"""Tiny models of BART, mBART, Marian and M2M-100."""

from typing import Any

from hub.parity import Case

SIZES = {
    "encoder_layers": 2,
    "decoder_layers": 3,
    "d_model": 24,
    "encoder_attention_heads": 6,
    "decoder_attention_heads": 6,
    "encoder_ffn_dim": 50,
    "decoder_ffn_dim": 50,
    "vocab_size": 37,
    "max_position_embeddings": 17,
}
IDS = {"pad_token_id": 3, "decoder_start_token_id": 3, "bos_token_id": 0, "eos_token_id": 2, "forced_eos_token_id": 2}
CLASSES = {
    "Bart": "BartForConditionalGeneration",
    "MBart": "MBartForConditionalGeneration",
    "Marian": "MarianMTModel",
    "M2M100": "M2M100ForConditionalGeneration",
}


def case(name: str, **options: Any) -> Case:
    """A model that writes."""
    tables = [f"model.{stack}.embed_positions.weight" for stack in ("encoder", "decoder")]
    unused = dict.fromkeys(tables, 2) if name in ("Bart", "MBart") else {}
    return Case(f"{name}Config", CLASSES[name], SIZES | IDS | options, unused=unused)


CASES = [
    case("Bart"),
    case("Bart", scale_embedding=True, activation_function="relu"),
    case("Bart", encoder_attention_heads=4, encoder_ffn_dim=41),
    case("MBart"),
    case("MBart", scale_embedding=True, activation_function="relu", decoder_attention_heads=4, encoder_ffn_dim=41),
    case("Marian"),
    case("Marian", scale_embedding=True, activation_function="swish", d_model=30),
    case("Marian", decoder_attention_heads=3, decoder_ffn_dim=41),
    case("M2M100", pad_token_id=1),
    case("M2M100", scale_embedding=False, activation_function="gelu", decoder_attention_heads=4, encoder_ffn_dim=41),
    case("M2M100", d_model=15, encoder_attention_heads=5, decoder_attention_heads=3),
]
