"""Generating text: sampling, beam search, chat sessions."""

MAX_NEW_TOKENS = 200
"""The most tokens that are generated, unless another number is given."""
