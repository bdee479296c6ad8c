"""What adding a kind of limit takes: its file, and these lines. Nothing else of the package is touched.

Schemas, the AsyncAPI document, the limits file, `limits validate`, decision codes and encoders follow from these.
"""

from pathlib import Path
from typing import Final

KIND: Final = "MAX_ORDER_PRICE"
MODULE: Final = "max_order_price"

LINES: Final[dict[str, list[tuple[str, str]]]] = {
    # Its name, and the unit of its threshold (a ratio when nothing is said).
    "messages/limit.py": [
        ('    METRIC = "METRIC"\n', f'    {KIND} = "{KIND}"\n'),
        ("    LimitKind.MAX_ORDER_QUANTITY: Measure.QUANTITY,\n", f"    LimitKind.{KIND}: Measure.QUANTITY,\n"),
    ],
    # Its number in the compiled loop: its place in LimitKind.
    "rules/kinds.py": [("    VALUE_AGE,\n    METRIC,\n", f"    {KIND},\n")],
    # Its row in the catalogue, and the import.
    "rules/catalogue.py": [
        ("    max_order_quantity,\n", f"    {MODULE},\n"),
        (
            "        max_order_quantity.observe_order(context, seen)\n",
            f"    elif kind == kinds.{KIND}:\n        {MODULE}.observe_order(context, seen)\n",
        ),
    ],
}
"""By file of the package: the line after which, and what is added."""

COUNTS: Final = {"rules/kinds.py": (") = range(15)", ") = range(16)")}


def add_kind(package: Path) -> None:
    """Add it to a copy of the package. AssertionError where the recipe no longer fits."""
    source = Path(__file__).with_name(f"{MODULE}.py")
    (package / "rules" / source.name).write_text(source.read_text("utf-8"), "utf-8")
    for name, additions in LINES.items():
        text = (package / name).read_text("utf-8")
        for after, added in additions:
            assert text.count(after) == 1, f"{name}: {after!r} is there {text.count(after)} times"
            text = text.replace(after, after + added)
        old, new = COUNTS.get(name, ("", ""))
        assert old in text, f"{name}: {old!r} is gone"
        (package / name).write_text(text.replace(old, new) if old else text, "utf-8")
