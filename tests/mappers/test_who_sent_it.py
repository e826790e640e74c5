"""Who a message is from: the application on behalf of its house, the country of that house, the time it was told."""

from __future__ import annotations

from typing import Any

import pytest

from mappers import Mapped
from mappers.mapped import Weight
from tests.mappers.orders_sample import LAB, PID, read
from tests.mappers.sample import only, resources, translate


def told(head: dict[int, str], *segments: str) -> Mapped:
    return translate(read("ADT^A08", PID, *segments, head=head), LAB)


def agent(done: Mapped) -> dict[str, Any]:
    return dict(only(done, "Provenance")["agent"][0])


def test_the_application_speaks_on_behalf_of_its_house() -> None:
    done = told({})
    device = next(one for one in resources(done, "Device") if one["identifier"][0]["value"] == "LIS")
    found = agent(done)
    assert found["who"] == {"reference": f"Device/{device['id']}", "display": "LIS"}
    assert found["onBehalfOf"] == {**device["owner"], "display": "LAB"}
    assert found["type"]["coding"][0] == {
        "system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type",
        "code": "author",
    }
    assert device["identifier"][0]["system"].endswith("/L01/application")
    assert device["deviceName"] == [{"name": "LIS", "type": "other"}]
    assert [one.weight for one in done.statements if one.key[1] == device["id"]] == [Weight.MENTION]


@pytest.mark.parametrize(
    ("head", "house", "display"),
    [
        ({3: ""}, "测试县检验中心", "LAB"),
        ({3: "", 4: ""}, "测试县检验中心", None),
        ({3: "", 4: "TOWNSHIP"}, "测试镇卫生院", "TOWNSHIP"),
    ],
)
def test_without_an_application_the_house_speaks_itself(head: dict[int, str], house: str, display: str | None) -> None:
    done = told(head)
    found = agent(done)
    assert "onBehalfOf" not in found
    assert found["who"].get("display") == display
    (own,) = [one for one in resources(done, "Organization") if one["name"] == house]
    assert found["who"]["reference"] == f"Organization/{own['id']}"


def test_an_unknown_facility_is_named_and_the_house_is_that_of_the_site() -> None:
    done = told({4: "何处"})
    assert agent(done)["onBehalfOf"]["display"] == "何处"
    assert agent(done)["onBehalfOf"]["reference"] == agent(told({}))["onBehalfOf"]["reference"]


@pytest.mark.parametrize(
    ("head", "country"), [({17: "CHN"}, "CHN"), ({17: "CN"}, None), ({17: ""}, None), ({17: "CHN", 4: ""}, None)]
)
def test_the_country_of_the_header_is_that_of_the_house_it_names(head: dict[int, str], country: str | None) -> None:
    (own,) = [one for one in resources(told(head), "Organization") if one["name"] == "测试县检验中心"]
    assert own.get("address", [{}])[0].get("country") == country


@pytest.mark.parametrize(
    ("evn", "recorded"),
    [("EVN|A08|20260301070000", "2026-03-01T07:00:00+08:00"), ("EVN|A08", "2026-03-01T08:00:00+08:00")],
)
def test_a_message_is_recorded_when_its_event_was(evn: str, recorded: str) -> None:
    found = only(told({}, evn), "Provenance")
    assert found["recorded"] == recorded
    assert found["entity"][0]["role"] == "source"
    assert found["entity"][0]["what"]["identifier"]["system"] == "urn:ietf:rfc:3986"


@pytest.mark.parametrize(("event", "place"), [("A08", "activity"), ("A31", "extension")])
def test_an_event_that_repeats_the_type_of_its_message_stands_there_and_another_is_carried(
    event: str, place: str
) -> None:
    message = read("ADT^A08", PID, f"EVN|{event}|20260301070000")
    (line,) = [row for where, row in translate(message, LAB).ledger.rows(message) if where == "EVN-1"][:1]
    assert line.path.partition("#")[2].startswith(place)
    assert line.outcome == ("stored" if place == "activity" else "carried")


@pytest.mark.parametrize(("number", "identifier"), [("M7", "M7"), ("", None)])
def test_a_message_has_the_number_of_its_sender(number: str, identifier: str | None) -> None:
    done = told({10: number})
    assert done.identifier.get("value") == identifier
    assert identifier is None or done.identifier["system"].endswith("/L01/message-lab")
    assert ("identifier" in done.bundle) is (identifier is not None)


@pytest.mark.parametrize(("written", "time"), [("20260301080000", "2026-03-01T08:00:00+08:00"), ("", ""), ("2026", "")])
def test_the_bundle_has_the_time_of_the_header_or_none(written: str, time: str) -> None:
    done = told({7: written})
    assert done.timestamp == time
    assert ("timestamp" in done.bundle) is bool(time)


def test_the_provenance_speaks_of_every_resource_and_comes_last() -> None:
    done = told({}, "PV1|1|I|W1||||||||||||||||V1")
    *others, last = [one.resource for one in done.statements]
    assert last["resourceType"] == "Provenance"
    assert [one["reference"] for one in last["target"]] == [f"{one['resourceType']}/{one['id']}" for one in others]
