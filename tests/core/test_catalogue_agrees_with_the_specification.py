"""The facts against the published file, and the catalogue against the facts, both ways."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.catalogue import FIELDS
from reconciler.core.fields import Field, Type, Wire
from tests.core import facts
from tests.core.facts import READS, WRITES, ReadFact, WriteFact

FILE = Path(__file__).parent.parent / "spec" / "telnyx-numbers-openapi.json"

CONTRACT = {
    facts.NUMBERS: """
        tags connection_id billing_group_id customer_reference external_pin hd_voice_enabled
        deletion_lock_enabled
        voice.call_forwarding.call_forwarding_enabled voice.call_forwarding.forwarding_type
        voice.call_forwarding.forwards_to
        voice.call_recording.inbound_call_recording_enabled
        voice.call_recording.inbound_call_recording_format
        voice.call_recording.inbound_call_recording_channels
        voice.cnam_listing.cnam_listing_enabled voice.cnam_listing.cnam_listing_details
        voice.media_features.rtp_auto_adjust_enabled
        voice.media_features.accept_any_rtp_packets_enabled
        voice.media_features.t38_fax_gateway_enabled
        voice.inbound_call_screening voice.tech_prefix_enabled voice.translated_number
        voice.usage_payment_method voice.caller_id_name_enabled
        messaging.messaging_profile_id messaging.messaging_product
        emergency.emergency_enabled emergency.emergency_address_id
        bundle_id address_id
    """,
    facts.MOBILE: """
        connection_id customer_reference tags
        inbound.interception_app_id outbound.interception_app_id
        inbound_call_screening noise_suppression caller_id_name_enabled
        call_forwarding.call_forwarding_enabled call_forwarding.forwarding_type
        call_forwarding.forwards_to
        call_recording.inbound_call_recording_enabled call_recording.inbound_call_recording_format
        call_recording.inbound_call_recording_channels
        cnam_listing.cnam_listing_enabled cnam_listing.cnam_listing_details
    """,
}
"""The managed fields, as the contract lists them."""

TYPES = {
    Type.BOOLEAN: "boolean",
    Type.ENUM: "string",
    Type.ID: "string",
    Type.TEXT: "string",
    Type.E164: "string",
    Type.CNAM: "string",
    Type.PIN: "string",
    Type.TAGS: "array",
}


@cache
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return loaded


def followed(schema: Any) -> dict[str, Any]:
    """A schema, its references followed."""
    while "$ref" in schema:
        target: Any = document()
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        schema = target
    return dict(schema)


def below(schema: Any, at: str) -> dict[str, Any] | None:
    """The schema of the property at a dotted path, or None where there is none."""
    for step in at.split("."):
        properties = followed(schema).get("properties", {})
        if step not in properties:
            return None
        schema = properties[step]
    return followed(schema)


def row_schema(listing: str) -> dict[str, Any]:
    content = document()["paths"][listing]["get"]["responses"]["200"]["content"]
    data = below(content["application/json"]["schema"], "data")
    assert data is not None
    return followed(data["items"])


def body_schema(channel: str) -> dict[str, Any]:
    method, template = facts.CALLS[channel]
    body = followed(document()["paths"][template][method]["requestBody"])
    return followed(body["content"]["application/json"]["schema"])


def type_and_null(schema: dict[str, Any]) -> tuple[str, bool]:
    """The one type of a property, and whether null is valid beside it."""
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    others = [each for each in types if each != "null"]
    assert len(others) == 1
    return others[0], len(types) > 1


def written(write: WriteFact) -> dict[str, Any]:
    schema = below(body_schema(write.channel), write.at)
    assert schema is not None, "the body has no such property"
    return schema


def name(fact: ReadFact | WriteFact) -> str:
    return " ".join(fact[:4])


def catalogue() -> Iterable[tuple[str, Field]]:
    return ((row.kind.yaml_key, row) for row in FIELDS)


IN_SCHEMAS = [read for read in READS if (read.listing, read.at) not in facts.NOT_IN_ROW_SCHEMA]


# ---- the facts against the published file ---------------------------------------------------


@pytest.mark.parametrize("read", IN_SCHEMAS, ids=name)
def test_a_list_carries_the_field_with_that_type_and_null(read: ReadFact) -> None:
    schema = below(row_schema(read.listing), read.at)
    assert schema is not None, "the rows have no such property"
    assert type_and_null(schema) == (read.type, read.nullable)


@pytest.mark.parametrize("read", IN_SCHEMAS, ids=name)
def test_a_list_names_the_values_of_an_enum(read: ReadFact) -> None:
    schema = below(row_schema(read.listing), read.at) or {}
    assert set(schema.get("enum", ())) == set(facts.ENUMS.get((read.kind, read.path), ()))


@pytest.mark.parametrize("write", WRITES, ids=name)
def test_a_call_takes_the_field_with_that_type_and_null(write: WriteFact) -> None:
    assert type_and_null(written(write)) == (write.type, write.nullable)


@pytest.mark.parametrize("write", WRITES, ids=name)
def test_a_call_takes_the_same_values_of_an_enum(write: WriteFact) -> None:
    if (write.kind, write.path) in facts.WRITTEN_AS_ANOTHER_TYPE:
        assert "enum" not in written(write)
    else:
        expected = facts.ENUMS.get((write.kind, write.path), ())
        assert tuple(written(write).get("enum", ())) == expected


@pytest.mark.parametrize("write", WRITES, ids=name)
def test_what_clears_a_field_is_valid_in_the_body(write: WriteFact) -> None:
    fits = {
        "never": True,
        "empty string": write.type == "string",
        "empty list": write.type == "array",
        "null": write.nullable or write.path in facts.NULL_THOUGH_NOT_NULLABLE,
    }
    assert fits[write.clear]


@pytest.mark.parametrize("write", WRITES, ids=name)
def test_no_enum_is_cleared_with_an_empty_string(write: WriteFact) -> None:
    assert write.clear != "empty string" or "enum" not in written(write)


@pytest.mark.parametrize(("listing", "at"), facts.NOT_IN_ROW_SCHEMA)
def test_what_no_row_schema_shows_can_be_asked_for(listing: str, at: str) -> None:
    parameters = [followed(each) for each in document()["paths"][listing]["get"]["parameters"]]
    assert below(row_schema(listing), at) is None
    assert f"include_{at}" in {each["name"] for each in parameters}


@pytest.mark.parametrize("path", facts.WRITE_ONLY)
def test_no_list_carries_a_write_only_field(path: str) -> None:
    listings = [facts.SLIM, facts.FULL, facts.VOICE, facts.MESSAGING]
    assert [each for each in listings if below(row_schema(each), path)] == []


@pytest.mark.parametrize("path", facts.NULL_THOUGH_NOT_NULLABLE)
def test_the_specification_asks_for_a_null_that_its_schema_lacks(path: str) -> None:
    write = next(each for each in WRITES if each.path == path)
    description = " ".join(written(write)["description"].split())
    assert facts.NULL_THOUGH_NOT_NULLABLE[path] in description.replace("`", "")


@pytest.mark.parametrize("channel", ["patch_messaging", "messaging_bulk"])
def test_the_specification_unassigns_a_messaging_profile_with_an_empty_string(channel: str) -> None:
    schema = below(body_schema(channel), "messaging_profile_id") or {}
    assert 'Set this field to `""` to unassign' in schema["description"]


def test_a_null_messaging_profile_keeps_the_current_one() -> None:
    schema = below(body_schema("patch_messaging"), "messaging_profile_id") or {}
    assert "set its value to `null` to keep the current value" in schema["description"]


def test_the_emergency_job_wants_no_address_when_it_switches_off() -> None:
    schema = below(body_schema("emergency_job"), "emergency_address_id") or {}
    assert "must be null or omitted if" in schema["description"].replace("`", "")


def test_only_the_update_job_writes_the_deletion_lock() -> None:
    takes = [each for each in facts.CALLS if below(body_schema(each), "deletion_lock_enabled")]
    assert takes == ["update_job"]


def test_caller_id_names_are_in_no_row_of_the_voice_list() -> None:
    assert below(row_schema(facts.VOICE), "caller_id_name_enabled") is None


# ---- the catalogue against the facts --------------------------------------------------------


@pytest.mark.parametrize("kind", [facts.NUMBERS, facts.MOBILE])
def test_the_catalogue_has_the_fields_of_the_contract_and_no_others(kind: str) -> None:
    managed = {row.path for key, row in catalogue() if key == kind and row.writes}
    assert managed == set(CONTRACT[kind].split())


@pytest.mark.parametrize("kind", [facts.NUMBERS, facts.MOBILE])
def test_what_the_catalogue_only_reads_is_named(kind: str) -> None:
    unwritten = {row.path for key, row in catalogue() if key == kind and not row.writes}
    assert unwritten == facts.READ_ONLY[kind]


def test_no_field_stands_twice_in_the_catalogue() -> None:
    keys = [(key, row.path) for key, row in catalogue()]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("kind", [facts.NUMBERS, facts.MOBILE])
def test_the_facts_have_the_fields_of_the_contract_and_no_others(kind: str) -> None:
    assert {each.path for each in WRITES if each.kind == kind} == set(CONTRACT[kind].split())


def test_every_field_but_the_write_only_ones_is_read_somewhere() -> None:
    unread = {row.path for _, row in catalogue() if not any(read.documented for read in row.reads)}
    assert unread == set(facts.WRITE_ONLY)


def test_the_catalogue_reads_what_the_facts_say_and_nothing_else() -> None:
    rows = {
        ReadFact(
            key, row.path, str(each.listing), ".".join(each.at), TYPES[row.type], each.nullable
        )
        for key, row in catalogue()
        for each in row.reads
        if each.documented
    }
    assert rows == set(READS)


def test_the_catalogue_writes_what_the_facts_say_and_nothing_else() -> None:
    def sent(row: Field, wire: Wire) -> str:
        return "boolean" if wire is Wire.ON_OFF else TYPES[row.type]

    rows = {
        (key, row.path, str(each.channel), ".".join(each.at), sent(row, each.wire), str(each.clear))
        for key, row in catalogue()
        for each in row.writes
    }
    assert rows == {fact[:6] for fact in WRITES}


def test_only_noise_suppression_travels_as_another_type() -> None:
    turned = {
        (key, row.path)
        for key, row in catalogue()
        for each in row.writes
        if each.wire is not Wire.AS_IS
    }
    assert turned == set(facts.WRITTEN_AS_ANOTHER_TYPE)


def test_every_field_that_an_empty_string_clears_is_named_with_its_reason() -> None:
    cleared = {each.path for each in WRITES if each.clear == "empty string"}
    assert cleared == set(facts.EMPTY_STRING_CLEARS)


def test_the_catalogue_has_the_values_of_the_enums() -> None:
    assert {(key, row.path): row.values for key, row in catalogue() if row.values} == facts.ENUMS


@pytest.mark.parametrize("kind", [facts.NUMBERS, facts.MOBILE])
def test_null_is_legal_where_the_contract_says_so(kind: str) -> None:
    legal = {row.path for key, row in catalogue() if key == kind and row.null}
    assert legal == facts.NULL_IS_LEGAL[kind]


def test_a_field_may_be_null_just_where_some_call_clears_it() -> None:
    clearing = {(each.kind, each.path) for each in WRITES if each.clear != "never"}
    assert {(key, row.path) for key, row in catalogue() if row.null} == clearing


def test_where_null_is_not_legal_the_catalogue_names_what_to_write_instead() -> None:
    managed = [row for _, row in catalogue() if row.writes]
    assert [row.path for row in managed if not row.null and not row.off] == []


def test_every_field_says_what_it_does() -> None:
    assert [row.path for _, row in catalogue() if not row.doc.endswith(".")] == []
