"""The pages there are: found by folder, `pages/<section>/<name>.py`, nothing to register.

A page's docstring names it: "Cost: where the money goes." has the title Cost. Two words in its text are read
without running it: `ICON = "payments"` (a Material symbol), `HIDDEN = True` (reached by links only).
"""

import ast
from functools import cache
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "pages"
SECTIONS = ("operate", "quality", "build")
HOME = "now"


class Place(NamedTuple):
    """One page. `url`: '' for the first."""

    file: Path
    section: str
    url: str
    title: str
    says: str
    icon: str
    hidden: bool


@cache
def places(folder: Path = FOLDER) -> tuple[Place, ...]:
    """In the order of the menu: by section, the home page first."""
    found = [place(f) for s in SECTIONS for f in sorted((folder / s).glob("[a-z]*.py"))]
    return tuple(sorted(found, key=lambda p: (SECTIONS.index(p.section), p.url != "", p.title)))


def place(file: Path) -> Place:
    """What the file says of itself."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    title, _, says = (ast.get_docstring(tree) or file.stem.capitalize()).splitlines()[0].partition(":")
    words = {
        node.targets[0].id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    url = "" if file.stem == HOME else file.stem
    icon, hidden = words.get("ICON", "article"), words.get("HIDDEN", False)
    return Place(file, file.parent.name, url, title.rstrip("."), says.strip(), icon, hidden)
