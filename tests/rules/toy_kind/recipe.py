"""What adding a kind of limit takes: its file, and its row in the list of kinds. Nothing else is touched.

The compiled dispatch, numbers, schemas, the AsyncAPI document, the limits file, `limits validate`, decision codes and
encoders follow from these.
"""

from pathlib import Path
from typing import Final

KIND: Final = "MAX_ORDER_PRICE"
MODULE: Final = "max_order_price"

LIST: Final = "messages/limit_kind.py"
LAST_ROW: Final = '    METRIC = Row("METRIC", Measure.METRIC, standing=Standing.ONCE)\n'
ROW: Final = f'    {KIND} = Row("{KIND}", Measure.QUANTITY)\n'


def add_kind(package: Path) -> None:
    """Add it to a copy of the package. AssertionError where the recipe no longer fits."""
    source = Path(__file__).with_name(f"{MODULE}.py")
    (package / "rules" / source.name).write_text(source.read_text("utf-8"), "utf-8")
    text = (package / LIST).read_text("utf-8")
    assert text.count(LAST_ROW) == 1, f"{LIST}: {LAST_ROW!r} is there {text.count(LAST_ROW)} times"
    (package / LIST).write_text(text.replace(LAST_ROW, LAST_ROW + ROW), "utf-8")
