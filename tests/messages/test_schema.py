"""The schemas in schemas/ are those of the types, and they and the decoder agree on every example."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from risk_stream.messages.asyncapi import TOPICS
from risk_stream.messages.decode import Fault, Route, decode_control, decode_order, decode_value
from risk_stream.messages.murmur2 import partition_of
from risk_stream.messages.order import InvalidOrder
from risk_stream.messages.schema import main, schema_files

FOLDER = Path(__file__).parents[2] / "schemas"
EXAMPLES = FOLDER / "examples"
RECORDED_AT = 1_795_341_600_000
ROUTE = Route(partition_of(b"P-1", 4), 4)
READ = ("order", "valuation", "execution", "control", "limit")


def examples(folder: str) -> list[Any]:
    """The examples of all messages in folders of this name."""
    files = sorted(EXAMPLES.glob(f"*/{folder}/*.json"))
    return [pytest.param(file.parent.parent.name, file, id=f"{file.parent.parent.name}/{file.stem}") for file in files]


def validator(message: str) -> Draft202012Validator:
    """The schema of a message, as it stands in the folder."""
    return Draft202012Validator(json.loads((FOLDER / f"{message}.json").read_text(encoding="utf-8")))


def is_taken(message: str, file: Path) -> bool:
    """Whether the decoder takes the example as the message that it is of."""
    value = file.read_bytes()
    if message == "order":
        return not isinstance(decode_order(value, b"P-1", RECORDED_AT, ROUTE), Fault | InvalidOrder)
    if message == "limit":
        fields = json.loads(value) | {"type": "SET_LIMIT", "actor": "jane", "reason": "policy"}
        return not isinstance(decode_control(json.dumps(fields).encode(), RECORDED_AT), Fault)
    if message == "control":
        return not isinstance(decode_control(value, RECORDED_AT), Fault)
    return not isinstance(decode_value(value, b"P-1", RECORDED_AT, ROUTE), Fault)


def test_the_folder_holds_what_the_types_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run `python -m risk_stream.messages.schema` after a change of a message."""
    monkeypatch.setattr("sys.argv", ["schema", str(tmp_path)])
    main()
    assert {file.name for file in FOLDER.glob("*.json")} == set(schema_files())
    for name in schema_files():
        assert (FOLDER / name).read_text(encoding="utf-8") == (tmp_path / name).read_text(encoding="utf-8"), name


@pytest.mark.parametrize("name", sorted(set(schema_files()) - {"asyncapi.json"}))
def test_schemas_are_schemas(name: str) -> None:
    """Valid against the 2020-12 meta schema, and every message has good and bad examples."""
    Draft202012Validator.check_schema(json.loads(schema_files()[name]))
    for folder in ("good", "bad"):
        assert list((EXAMPLES / name.removesuffix(".json") / folder).glob("*.json"))


@pytest.mark.parametrize(("message", "file"), examples("good"))
def test_good_examples_are_taken(message: str, file: Path) -> None:
    """By the schema, and by the decoder where we read such messages."""
    validator(message).validate(json.loads(file.read_text(encoding="utf-8")))
    assert message not in READ or is_taken(message, file)


@pytest.mark.parametrize(("message", "file"), examples("bad"))
def test_bad_examples_are_refused(message: str, file: Path) -> None:
    """By the schema, and by the decoder where we read such messages."""
    assert not validator(message).is_valid(json.loads(file.read_text(encoding="utf-8")))
    assert message not in READ or not is_taken(message, file)


@pytest.mark.parametrize(("message", "file"), examples("bad-beyond-schema"))
def test_some_are_refused_by_the_decoder_alone(message: str, file: Path) -> None:
    """JSON Schema has no words for them; when it gets them, the example belongs in `bad`."""
    assert validator(message).is_valid(json.loads(file.read_text(encoding="utf-8")))
    assert not is_taken(message, file)


def references(node: object) -> Iterator[str]:
    """Every $ref in a document."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


def test_asyncapi_references_lead_somewhere() -> None:
    """Inside the document, or to a schema beside it."""
    document = json.loads(schema_files()["asyncapi.json"])
    found = set(references(document))
    assert found
    for reference in found:
        if reference.startswith("./"):
            assert reference.removeprefix("./") in schema_files()
            continue
        node = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def test_asyncapi_has_every_topic() -> None:
    """The eight of the contract, with its partitions and clean-up."""
    document = json.loads(schema_files()["asyncapi.json"])
    assert document["asyncapi"] == "3.0.0"
    addresses = [channel["address"] for channel in document["channels"].values()]
    assert addresses == [f"risk.{topic.name}" for topic in TOPICS]
    assert len(addresses) == 8
    kafka = {name: channel["bindings"]["kafka"] for name, channel in document["channels"].items()}
    assert kafka["controls"]["partitions"] == 1
    assert kafka["portfolio-risk"]["topicConfiguration"]["cleanup.policy"] == ["compact"]
