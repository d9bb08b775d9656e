"""A corpus of made-up facts with questions, as SQuAD JSON: the answers cannot be known, only found in the context.

    python benchmarks/facts.py facts-train.json --count 30000
    python benchmarks/facts.py facts-test.json --count 1000 --seed 1 --part test

A context has a few facts about several people, in any order. The same relations are stated for each person, so that
neither the name nor the wording alone leads to the answer. Names are meaningless: in both parts, any of a few hundred
may be a person's or a town's. For each relation, the test part uses wordings that the training part uses only for
other relations.
"""

import argparse
import json
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SYLLABLES = [consonant + vowel for consonant in "bdfghjklmnprstvwz" for vowel in "aeio"]
NAME_SYLLABLES = 3
NAMES = 200
QUESTIONS_A_CONTEXT = 3
MOST = 3
FEWEST = {"training": 1, "test": 2}
"""People in a context, and things said of each. Training has easy contexts too, from which the hard ones are learnt."""


RELATIONS = ("birthplace", "home", "spouse", "dog", "employer", "book", "teacher", "neighbour")
"""What holds between a person {a} and a name {b}."""

STATEMENTS = (
    "The {r} of {a} is {b}.",
    "{b} is the {r} of {a}.",
    "{a} has {b} as {r}.",
    "For {a}, the {r} is {b}.",
)
ASKS_NAME = (
    "What is the {r} of {a}?",
    "Which {r} does {a} have?",
    "For {a}, what is the {r}?",
    "What does {a} have as {r}?",
)
ASKS_PERSON = (
    "Whose {r} is {b}?",
    "Who has the {r} {b}?",
    "{b} is the {r} of whom?",
    "Which person has {b} as {r}?",
)


@dataclass(frozen=True)
class Fact:
    """A relation between two names."""

    relation: str
    person: str
    name: str

    def put(self, wording: str) -> str:
        """The wording with this relation and these names."""
        return wording.format(r=self.relation, a=self.person, b=self.name)


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
        statement = rng.choice(wordings(STATEMENTS, fact.relation, part))
        start = len(context) + bool(context)
        places.append({key: start + statement_offset(statement, fact, key) for key in ("a", "b")})
        context += " " * bool(context) + fact.put(statement)
    asked = rng.choices(range(len(facts)), k=len(ids))
    questions = [question(rng, facts[i], places[i], one, part) for i, one in zip(asked, ids, strict=True)]
    return {"context": context, "qas": questions}


def question(rng: random.Random, fact: Fact, places: dict[str, int], identifier: str, part: str) -> dict[str, object]:
    """Asks for one side of a fact."""
    asks_name = rng.random() < 0.5
    wording = rng.choice(wordings(ASKS_NAME if asks_name else ASKS_PERSON, fact.relation, part))
    answer, start = (fact.name, places["b"]) if asks_name else (fact.person, places["a"])
    return {"id": identifier, "question": fact.put(wording), "answers": [{"text": answer, "answer_start": start}]}


def statement_offset(statement: str, fact: Fact, key: str) -> int:
    """Where in a statement, once its names are filled in, one of them begins."""
    return len(fact.put(statement[: statement.index("{" + key + "}")]))


def wordings(all_of_them: tuple[str, ...], relation: str, part: str) -> tuple[str, ...]:
    """Those that a part has for a relation: the test part one, and training all others."""
    held_out = RELATIONS.index(relation) % len(all_of_them)
    return tuple(one for i, one in enumerate(all_of_them) if (i == held_out) == (part == "test"))


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
