"""A corpus of made-up facts to ask about, as SQuAD JSON: what a reader must find, it can only copy.

    python benchmarks/facts.py facts-train.json --count 30000
    python benchmarks/facts.py facts-test.json --count 1000 --seed 1 --part test

A context is a handful of facts about several people, in any order: the same things are said of each, so that neither
the name nor the wording alone leads to the answer. Names mean nothing: any of a few hundred may be a person's or a
town's, in both parts. The test part states and asks things in wordings that the training part never uses, made of words
that it does use.
"""

import argparse
import json
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SYLLABLES = [consonant + vowel for consonant in "bdfghjklmnprstvwz" for vowel in "aeio"]
NAME_SYLLABLES = 3
NAMES = 400
QUESTIONS_A_CONTEXT = 3
MOST = 3
FEWEST = {"training": 1, "test": 2}
"""People in a context, and things said of each. Training has easy contexts too, from which the hard ones are learnt."""


@dataclass(frozen=True)
class Relation:
    """Something that holds between a person {a} and a name {b}: how it is said, and how either is asked for.

    The last of each kind of wording is for the test part alone.
    """

    statements: tuple[str, ...]
    asks_name: tuple[str, ...]
    asks_person: tuple[str, ...]


RELATIONS = (
    Relation(
        ("{a} was born in {b}.", "The town where {a} was born is {b}.", "{b} is the birthplace of {a}.",
         "The birthplace of {a} is {b}."),
        ("Where was {a} born?", "What is the birthplace of {a}?", "In which town was {a} born?",
         "Which town is the birthplace of {a}?"),
        ("Who was born in {b}?", "Whose birthplace is {b}?", "Which person was born in {b}?",
         "The birthplace of which person is {b}?"),
    ),
    Relation(
        ("{a} lives in {b}.", "The home of {a} is in {b}.", "{b} is the town where {a} lives.",
         "The town where {a} lives is {b}."),
        ("Where does {a} live?", "In which town is the home of {a}?", "Which town does {a} live in?",
         "In which town does {a} live?"),
        ("Who lives in {b}?", "Whose home is in {b}?", "Which person lives in {b}?",
         "The home of which person is in {b}?"),
    ),
    Relation(
        ("{a} is married to {b}.", "The spouse of {a} is {b}.", "{b} is the person whom {a} married.",
         "{b} is the spouse of {a}."),
        ("Who is the spouse of {a}?", "Whom did {a} marry?", "To whom is {a} married?",
         "Who is the person whom {a} married?"),
        ("Who is married to {b}?", "Who married {b}?", "Whose spouse is {b}?", "Which person is married to {b}?"),
    ),
    Relation(
        ("{a} has a dog called {b}.", "The dog of {a} is called {b}.", "{b} is the dog of {a}.",
         "The name of the dog of {a} is {b}."),
        ("What is the dog of {a} called?", "What is the name of the dog of {a}?", "Which dog does {a} have?",
         "Which name does the dog of {a} have?"),
        ("Who has a dog called {b}?", "Whose dog is called {b}?", "Whose dog is {b}?",
         "Which person has a dog called {b}?"),
    ),
    Relation(
        ("{a} works for the company {b}.", "{b} is the company where {a} works.", "The employer of {a} is {b}.",
         "{b} is the employer of {a}."),
        ("Who is the employer of {a}?", "Which company does {a} work for?", "Where does {a} work?",
         "Which company is the employer of {a}?"),
        ("Who works for {b}?", "Whose employer is {b}?", "Which person works for the company {b}?",
         "Who works for the company {b}?"),
    ),
    Relation(
        ("{a} wrote the book {b}.", "The author of the book {b} is {a}.", "{b} is a book by {a}.",
         "The book {b} is by {a}."),
        ("Which book did {a} write?", "What is the book by {a} called?", "Which book is by {a}?",
         "What is the name of the book by {a}?"),
        ("Who wrote {b}?", "Who is the author of {b}?", "Who wrote the book {b}?",
         "Who is the author of the book {b}?"),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Fact:
    """A relation between two names."""

    relation: Relation
    person: str
    name: str


def write_facts(path: Path, count: int, seed: int, part: str) -> None:
    """Writes questions, each with its context and its one answer; a function of the arguments alone."""
    rng = random.Random(f"{seed} {part}")
    paragraphs: list[dict[str, object]] = []
    for first in range(0, count, QUESTIONS_A_CONTEXT):
        numbers = range(first, min(first + QUESTIONS_A_CONTEXT, count))
        paragraphs.append(paragraph(rng, [f"{part}-{seed}-{number}" for number in numbers], part))
    path.write_text(json.dumps({"version": "1.1", "data": [{"title": "facts", "paragraphs": paragraphs}]}))


def paragraph(rng: random.Random, ids: list[str], part: str) -> dict[str, object]:
    """A context, and a question for each id."""
    relations = rng.sample(RELATIONS, rng.randint(FEWEST[part], MOST))
    count = rng.randint(FEWEST[part], MOST)
    names = rng.sample(all_names(), count * (1 + len(relations)))
    people = [names.pop() for _ in range(count)]
    facts = [Fact(relation, person, names.pop()) for relation in relations for person in people]
    rng.shuffle(facts)
    context, places = "", []
    for fact in facts:
        statement = rng.choice(wordings(fact.relation.statements, part))
        start = len(context) + bool(context)
        places.append({key: start + statement_offset(statement, fact, key) for key in ("a", "b")})
        context += " " * bool(context) + statement.format(a=fact.person, b=fact.name)
    asked = rng.choices(range(len(facts)), k=len(ids))
    questions = [question(rng, facts[i], places[i], one, part) for i, one in zip(asked, ids, strict=True)]
    return {"context": context, "qas": questions}


def question(rng: random.Random, fact: Fact, places: dict[str, int], identifier: str, part: str) -> dict[str, object]:
    """Asks for one side of a fact."""
    asks_name = rng.random() < 0.5
    wording = rng.choice(wordings(fact.relation.asks_name if asks_name else fact.relation.asks_person, part))
    answer, start = (fact.name, places["b"]) if asks_name else (fact.person, places["a"])
    text = wording.format(a=fact.person, b=fact.name)
    return {"id": identifier, "question": text, "answers": [{"text": answer, "answer_start": start}]}


def statement_offset(statement: str, fact: Fact, key: str) -> int:
    """Where in a statement, once its names are filled in, one of them begins."""
    return len(statement[: statement.index("{" + key + "}")].format(a=fact.person, b=fact.name))


def wordings(all_of_them: tuple[str, ...], part: str) -> tuple[str, ...]:
    """Those of a part."""
    return all_of_them[-1:] if part == "test" else all_of_them[:-1]


@cache
def all_names() -> list[str]:
    """Every name that there is, the same in both parts: an answer is found by what is said of it, not by its looks."""
    rng = random.Random(0)
    names: dict[str, None] = {}
    while len(names) < NAMES:
        names["".join(rng.choices(SYLLABLES, k=NAME_SYLLABLES)).capitalize()] = None
    return list(names)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--count", type=int, default=30_000, help="questions")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--part", choices=FEWEST, default="training")
    arguments = parser.parse_args()
    write_facts(arguments.path, arguments.count, arguments.seed, arguments.part)


if __name__ == "__main__":
    main()
