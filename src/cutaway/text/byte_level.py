"""Bytes as printable characters, as in the vocabularies of byte-level tokenizers."""

PRINTABLE = (*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1))
OTHERS = tuple(byte for byte in range(256) if byte not in PRINTABLE)

# GPT-2's alphabet: printable bytes represent themselves, the others are code points from 256 on.
CHARACTERS = {byte: chr(byte) for byte in PRINTABLE} | {byte: chr(256 + i) for i, byte in enumerate(OTHERS)}
BYTES = {character: byte for byte, character in CHARACTERS.items()}
