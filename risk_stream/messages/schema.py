"""JSON Schemas and the AsyncAPI document, made of the types: `python -m risk_stream.messages.schema [FOLDER]`."""

import json
import sys
from pathlib import Path
from typing import Any

from risk_stream.messages.asyncapi import asyncapi_document
from risk_stream.messages.schema_inputs import (
    control_schema,
    execution_schema,
    limit_schema,
    order_schema,
    valuation_schema,
)
from risk_stream.messages.schema_outputs import (
    decision_schema,
    journal_schema,
    portfolio_risk_schema,
    violation_schema,
)

_SCHEMAS = {
    "order": order_schema,
    "valuation": valuation_schema,
    "execution": execution_schema,
    "control": control_schema,
    "limit": limit_schema,
    "decision": decision_schema,
    "violation": violation_schema,
    "portfolio-risk": portfolio_risk_schema,
    "journal": journal_schema,
}


def schema_files() -> dict[str, str]:
    """Every generated file by its name, as it should stand in `schemas/`."""
    documents: dict[str, Any] = {f"{name}.json": _titled(name) for name in _SCHEMAS}
    documents["asyncapi.json"] = asyncapi_document()
    return {name: json.dumps(document, indent=2, ensure_ascii=False) + "\n" for name, document in documents.items()}


def _titled(name: str) -> dict[str, Any]:
    make = _SCHEMAS[name]
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name, "description": make.__doc__}
    return head | make()


def main() -> None:
    """Write the files to the folder named on the command line, `schemas` by default."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "schemas")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schema_files().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
