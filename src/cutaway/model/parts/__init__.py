"""From choices to modules: one file per file of `config`, with a table from each kind to its constructor.

Together with `model/build.py`, which assembles them, these are the only files that read a model's config.
"""
