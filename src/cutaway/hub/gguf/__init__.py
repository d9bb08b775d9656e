"""GGUF, the files of llama.cpp: a model with its tokenizer in one file, its numbers often quantized.

Options and names of tensors are translated to those of a Hugging Face folder, so that the tables of `hub.families`
serve here too.
"""
