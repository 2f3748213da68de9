"""What the systems of the demo's support desk say: help articles, orders, warranties, workshops."""

import random
from typing import Any

from llmobs.demo import product


def nearest(query: str, top_k: int, chance: random.Random) -> list[dict[str, Any]]:
    """The article about it first, others after it, with falling scores."""
    first = product.about(query)
    others = chance.sample([a for a in product.ARTICLES if a is not first], k=top_k - 1)
    scores = sorted((round(0.35 + 0.3 * chance.random(), 3) for _ in others), reverse=True)
    best = round(0.72 + 0.2 * chance.random(), 3)
    return [
        {"id": f"article-{article.topic}", "score": score, "content": product.body(article)}
        for article, score in zip((first, *others), (best, *scores), strict=True)
    ]


def looked_up(name: str, given: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """What the tool finds."""
    if name == "look_up_order":
        return {
            "order": given["order"],
            "state": chance.choice(product.STATES),
            "expected": "within ten days",
        }
    if name == "check_warranty":
        return {"frame": given["frame"], "covered": chance.random() < 0.7, "until": "2027-08"}
    if name == "book_repair":
        return {
            "workshop": "Larch workshop, Harbour Street",
            "slot": "Thursday 9:30",
            "about": given["topic"],
        }
    return {"articles": [product.about(str(given.get("query", ""))).title]}
