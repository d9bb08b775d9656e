"""GGUF, the format of llama.cpp: a model with its tokenizer in one file, often quantized.

Options and names of tensors are translated to those of a Hugging Face folder, so that the tables of `hub.families` are
used here too.
"""
