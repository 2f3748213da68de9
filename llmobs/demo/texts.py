"""What the demo's program tells its models: instructions, tools, and the tickets that it is asked about."""

import random
from typing import Any, NamedTuple

from llmobs.demo import product

SUPPORT = {
    "1": (
        "You answer customers of Larch, a maker of cargo bikes. Use the help articles below and what the "
        "tools say. If neither has the answer, say so and offer to pass the question on to a colleague."
    ),
    "2": (
        "You answer customers of Larch, a maker of cargo bikes. Begin with the answer, in one or two "
        "sentences, then say what to do, step by step. Use only the help articles below and what the tools "
        "say; where they disagree, the tools are right. Never promise a date that no tool gave you. If "
        "someone could get hurt, say first that they must not ride on. Write as one friendly and competent "
        "person to another: no exclamation marks, no lists of more than five points, no links. If neither "
        f"articles nor tools have the answer, say so and offer to pass it on. {product.PRICE_RULES}"
    ),
    "3": (
        "You answer customers of Larch, a maker of cargo bikes. Be brief. Use only the help articles below "
        f"and what the tools say. {product.PRICE_RULES}"
    ),
}
SOLVER = (
    "You solve cases of Larch's support desk on your own, step by step, with the tools you have. Look "
    "things up before you decide anything. Decide on a refund only after the order and the warranty are "
    "known. When the case is solved, write the answer to the customer in at most six sentences. "
    f"{product.PRICE_RULES}"
)
SUMMARY = (
    "Summarise the thread for the colleague who takes over: what the customer wants, what was said, what "
    "is open. Five sentences at most."
)
REVIEW = (
    "Check the answer below for tone and for promises that we cannot keep. Say OK, or what to change. "
    f"{product.PRICE_RULES}"
)


def tool(name: str, says: str, argument: str) -> dict[str, Any]:
    """A tool as the model is told of it, with one argument that is text."""
    schema = {"type": "object", "properties": {argument: {"type": "string"}}, "required": [argument]}
    return {"type": "function", "function": {"name": name, "description": says, "parameters": schema}}


ORDER = tool("look_up_order", "State and expected day of an order.", "order")
WARRANTY = tool("check_warranty", "Whether the frame is under warranty.", "frame")
ARTICLES = tool("search_articles", "Searches the help articles.", "query")
REPAIR = tool("book_repair", "Books the next free slot at the nearest workshop.", "topic")
CHAIN_TOOLS: list[Any] = [ORDER, WARRANTY]
SOLVER_TOOLS: list[Any] = [ORDER, WARRANTY, ARTICLES, REPAIR]


class Ticket(NamedTuple):
    """A question of a customer."""

    number: int
    text: str


def ticket(chance: random.Random) -> Ticket:
    """Any of the questions, with an order or frame number where it speaks of one."""
    article = chance.choice(product.ARTICLES)
    order, frame = f"LA{chance.randint(10_000, 99_999)}", f"LF{chance.randint(100_000, 999_999)}"
    return Ticket(
        chance.randint(100_000, 999_999), chance.choice(article.questions).format(order=order, frame=frame)
    )


def thread(first: Ticket, chance: random.Random) -> str:
    """A thread of messages about the ticket, as the summariser reads it."""
    facts = chance.sample(product.about(first.text).facts, k=2)
    turns = (
        f"Customer: {first.text}",
        f"Desk: {chance.choice(product.OPENINGS)} {facts[0]}",
        "Customer: Thank you. I have tried that and it did not help yet.",
        f"Desk: {facts[1]} {chance.choice(product.CLOSINGS)}",
        "Customer: All right, I will do that tomorrow and write again.",
    )
    return "\n".join(turns[: chance.choice((3, 5))])


def examples(count: int) -> str:
    """Solved examples for the triage prompt; nothing for 0."""
    found = [(article, question) for article in product.ARTICLES for question in article.questions]
    lines = [
        f'"{question}" is {{"topic": "{article.topic}", "urgency": "normal"}}' for article, question in found
    ]
    return "Examples:\n" + "\n".join(lines[:count]) if count else ""
