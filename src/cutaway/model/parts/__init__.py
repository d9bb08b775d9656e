"""From choices to modules: a file for each file of `config`, with a table from each kind to its constructor.

Together with `model/build.py`, which assembles what they make, these are the only files that read a model's config.
"""
