"""Deliveries over real sockets: what is sent, to whom, in which order, and what an answer means."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from adapters import mllp
from adapters.outbound.ledger import Delivery, Moved, deliveries
from adapters.outbound.service import OutboundService
from adapters.replay import Input, run
from adapters.sender import control_id
from adapters.service import outbound
from adapters.site import SITES, SiteError, load
from fhir_server.intake import Intake, system_clock
from fhir_server.service import Runtime
from fhir_server.settings import Settings
from fhir_server.store.database import Database

Answering = Callable[[int, str], "bytes | float | None"]
"""By how many messages came before, and MSH-10: the answer, `None` closes the connection, a number waits so long."""


def ack(code: str, number: str) -> bytes:
    return f"MSH|^~\\&|HIS|H|QIAO|C|1||ACK|A{number}|P|2.4\rMSA|{code}|{number}\r".encode()


def story(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that is a coroutine."""

    @wraps(test)
    def told(*given: Any, **named: Any) -> None:
        asyncio.run(test(*given, **named))

    return told


@dataclass
class Bent:
    """A receiver that answers as it is told."""

    answering: Answering = lambda _count, number: ack("AA", number)
    got: list[str] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        framer = mllp.Framer()
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                for event in framer.feed(data):
                    if not isinstance(event, mllp.Frame):
                        continue
                    count, number = len(self.got), control_id(event.data)
                    self.got.append(number)
                    self.raw.append(event.data)
                    answer = self.answering(count, number)
                    if isinstance(answer, int | float):
                        await asyncio.sleep(answer)
                        answer = ack("AA", number)
                    if answer is None:
                        writer.close()
                        return
                    writer.write(mllp.encode(answer))
        writer.close()


@dataclass
class House:
    """A store, a receiver, and the folder of its sites."""

    database: Database
    intake: Intake
    sites: Path
    receiver: Bent
    server: asyncio.Server
    service: OutboundService | None = None

    async def start(self) -> OutboundService:
        settings = Settings(sites=self.sites)
        service = outbound(Runtime(settings, self.database, self.intake))
        assert isinstance(service, OutboundService)
        self.service = service
        await self.service.start()
        await until(lambda: bool(self.service and self.service._leads))
        return self.service

    def takes(self, text: str, site: str = "") -> None:
        """A message arrives."""
        raw = text.replace("\n", "\r").encode()
        tally = run([Input(raw, "test", site=site)], load(self.sites), system_clock, intake=self.intake)
        assert tally.verdicts["AA"] == 1, tally.json()

    def all(self) -> list[Delivery]:
        with self.database.read() as connection:
            return list(reversed(deliveries(connection)))


async def until(true: Callable[[], Any], seconds: float = 8.0) -> None:
    for _ in range(int(seconds / 0.02)):
        if await asyncio.to_thread(true):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen in time")


FAST = "ack_seconds = 0.4\nretry_first = 0.05\nretry_most = 0.1\n"


def section(port: int, more: str = "", messages: str = '["ORU^R01"]', sees: str = '["*"]') -> str:
    return f'\n[outbound]\nhost = "127.0.0.1"\nport = {port}\nmessages = {messages}\nsees = {sees}\n{FAST}{more}'


@pytest.fixture
def store(tmp_path: Path) -> Iterator[tuple[Database, Intake, Path]]:
    database = Database(f"sqlite:///{tmp_path}/qiao.db")
    database.create()
    intake = Intake(database)
    sites = tmp_path / "sites"
    shutil.copytree(SITES, sites)
    yield database, intake, sites
    intake.close()
    database.close()


@contextlib.asynccontextmanager
async def house(
    store: tuple[Database, Intake, Path], more: str = "", site: str = "township-a-his", **given: str
) -> AsyncIterator[House]:
    database, intake, sites = store
    receiver = Bent()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    toml = sites / site / "site.toml"
    toml.write_text(toml.read_text("utf-8") + section(receiver.port, more, **given), "utf-8")
    found = House(database, intake, sites, receiver, server)
    try:
        await found.start()
        yield found
    finally:
        if found.service is not None:
            await found.service.stop()
        server.close()


def result(number: str, patient: str = "P1", name: str = "王小明", value: str = "6.5", status: str = "F") -> str:
    """A result of the laboratory centre for a patient of township-a."""
    return (
        f"MSH|^~\\&|LIS|JYZX|QIAO|QINGHE|20260301080000||ORU^R01^ORU_R01|L{number}|P|2.5.1|||AL|AL|CHN|UNICODE UTF-8\n"
        f"PID|1||{patient}^^^YXWSY^MR||{name}||19900101|M\n"
        f"ORC|RE|O{number}^YXWSY|R{number}^JYZX\n"
        f"OBR|1|O{number}^YXWSY|R{number}^JYZX|XCG^血常规|||20260301070000|||||||||||||||20260301075900||LAB|{status}\n"
        f"OBX|1|NM|WBC^白细胞||{value}|10^9/L|3.5-9.5|N|||F\n"
    )


@story
async def test_a_result_goes_to_the_house_that_asked_for_it(store: tuple[Database, Intake, Path]) -> None:
    async with house(store, 'version = "2.4"\ncharset = "gb18030"\n') as found:
        found.takes(result("1"))
        await until(lambda: [one.state for one in found.all()] == ["done"])
        (raw,) = found.receiver.raw
        text = raw.decode("gb18030")
        assert "|ORU^R01^ORU_R01|" in text.split("\r")[0]
        assert "|P|2.4|" in text.split("\r")[0] and "GB 18030-2000" in text.split("\r")[0]
        assert "王小明" in text
        assert "OBX|1|NM|WBC^白细胞" in text and "|6.5|10\\S\\9/L|3.5-9.5|N|||F" in text


@story
async def test_nothing_goes_back_to_where_it_came_from(store: tuple[Database, Intake, Path]) -> None:
    async with house(store, site="county-lis", messages='["ORU^R01", "ADT"]') as found:
        found.takes(result("1"))
        await asyncio.sleep(1.2)
        assert found.all() == [] and found.receiver.got == []


@story
async def test_data_outside_the_scope_of_a_receiver_is_never_sent(store: tuple[Database, Intake, Path]) -> None:
    async with house(store, sees='["township-a"]') as found:
        found.takes(result("1"))
        await asyncio.sleep(1.2)
        assert found.all() == []


@story
async def test_messages_of_one_patient_keep_their_order_behind_a_slow_answer(
    store: tuple[Database, Intake, Path],
) -> None:
    async with house(store, "connections = 3\n") as found:
        found.receiver.answering = lambda count, number: 0.2 if count == 0 else ack("AA", number)
        for number in ("1", "2", "3"):
            found.takes(result(number))
        found.takes(result("9", patient="P9"))
        await until(lambda: [one.state for one in found.all()].count("done") == 4)
        first = [one.control_id for one in found.all()[:3]]
        assert [number for number in found.receiver.got if number in first] == first


@story
async def test_a_late_answer_closes_the_socket_and_the_same_bytes_go_out_again(
    store: tuple[Database, Intake, Path],
) -> None:
    async with house(store) as found:
        found.receiver.answering = lambda count, number: 0.8 if count == 0 else ack("AA", number)
        found.takes(result("1"))
        await until(lambda: [one.state for one in found.all()] == ["done"])
        assert found.receiver.raw[0] == found.receiver.raw[1]
        assert found.receiver.connections == 2
        assert found.all()[0].attempts == 2


@story
async def test_an_answer_to_another_message_is_none(store: tuple[Database, Intake, Path]) -> None:
    async with house(store) as found:
        found.receiver.answering = lambda count, number: ack("AA", "other" if count == 0 else number)
        found.takes(result("1"))
        await until(lambda: [one.state for one in found.all()] == ["done"])
        assert found.all()[0].attempts == 2


@story
async def test_a_closed_connection_is_tried_again(store: tuple[Database, Intake, Path]) -> None:
    async with house(store) as found:
        found.receiver.answering = lambda count, number: None if count < 2 else ack("CA", number)
        found.takes(result("1"))
        await until(lambda: [one.state for one in found.all()] == ["done"])
        assert len(set(found.receiver.got)) == 1


@story
async def test_an_error_is_a_dead_letter_that_a_person_sends_again(store: tuple[Database, Intake, Path]) -> None:
    async with house(store) as found:
        found.receiver.answering = lambda _count, number: ack("AE", number)
        found.takes(result("1"))
        await until(lambda: [one.state for one in found.all()] == ["dead"])
        dead = found.all()[0]
        assert dead.verdict == "AE" and dead.attempts == 1 and b"MSA|AE|" in dead.answer
        found.receiver.answering = lambda _count, number: ack("AA", number)
        assert found.intake.submit(Moved([dead.id], "waiting")).result() == (dead.id,)
        await until(lambda: [one.state for one in found.all()] == ["done"])
        assert found.receiver.got == [dead.control_id] * 2


@story
async def test_a_rejection_is_tried_again_until_the_attempts_are_used_up(store: tuple[Database, Intake, Path]) -> None:
    async with house(store, "attempts = 3\n") as found:
        found.receiver.answering = lambda _count, number: ack("AR", number)
        found.takes(result("1"))
        await until(lambda: [one.state for one in found.all()] == ["dead"])
        assert found.all()[0].attempts == 3


@story
async def test_patients_whose_messages_are_rejected_do_not_keep_others_waiting(
    store: tuple[Database, Intake, Path],
) -> None:
    async with house(store, "connections = 1\n") as found:
        bad = {f"BAD{n}" for n in range(6)}

        def answer(count: int, number: str) -> bytes:
            return ack("AR" if any(one.encode() in found.receiver.raw[count] for one in bad) else "AA", number)

        found.receiver.answering = answer
        for name in sorted(bad):
            found.takes(result(name, patient=name))
        found.takes(result("9", patient="P9"))
        await until(lambda: [one.state for one in found.all()][6:] == ["done"])
        assert {one.state for one in found.all()[:6]} == {"waiting"}


@story
async def test_a_dead_letter_may_hold_its_patient_and_nobody_else(store: tuple[Database, Intake, Path]) -> None:
    async with house(store, 'after_dead = "hold"\n') as found:
        found.receiver.answering = lambda count, number: ack("AE" if count == 0 else "AA", number)
        found.takes(result("1"))
        await until(lambda: [one.state for one in found.all()] == ["dead"])
        found.takes(result("2"))
        found.takes(result("9", patient="P9"))
        await until(lambda: [one.state for one in found.all()] == ["dead", "waiting", "done"])


@story
async def test_what_the_character_set_lacks_is_said_and_written_as_an_escape(
    store: tuple[Database, Intake, Path],
) -> None:
    async with house(store, 'charset = "gbk"\n') as found:
        found.takes(result("1", name="王𬭎"))
        await until(lambda: [one.state for one in found.all()] == ["done"])
        assert b'"outbound-unencodable"' in found.all()[0].issues and b"PID" in found.all()[0].issues
        assert f"\\X{'𬭎'.encode().hex().upper()}\\" in found.receiver.raw[0].decode("gbk")


@story
async def test_a_delivery_that_was_under_way_when_the_server_died_goes_out_under_the_same_number(
    store: tuple[Database, Intake, Path],
) -> None:
    async with house(store) as found:
        found.receiver.answering = lambda count, number: 5.0 if count == 0 else ack("AA", number)
        found.takes(result("1"))
        await until(lambda: len(found.receiver.got) == 1)
        assert found.service is not None
        for courier in found.service._couriers:  # no answer is kept: as if the process were gone
            for task in courier._running.values():
                task.cancel()
        await found.service.stop()
        await found.start()
        await until(lambda: [one.state for one in found.all()] == ["done"])
        assert found.receiver.got[0] == found.receiver.got[-1]


REFERRAL = (
    "MSH|^~\\&|HIS|YXWSY|QIAO|QINGHE|20260301080000||REF^I12^REF_I12|R1|P|2.5.1|||||CHN|UNICODE UTF-8\n"
    "RF1|P^待处理|R^普通|MED^医疗||O^门诊|ZZ001^YXWSY|20260301080000|20260308||2^疑难复杂^L\n"
    "PRD|RP^转出机构|王医生||02^^^YXWSY|||0001\n"
    "PRD|RT^转入机构|陈医生||03^^^QHRY|||2001\n"
    "PID|1||100200^^^YXWSY^MR||张三||19900101|M\n"
    "DG1|1||I10.x00^高血压^I10|高血压|20260301|W\n"
)


@story
async def test_a_referral_goes_to_who_is_to_take_over_and_the_answer_to_who_referred(
    store: tuple[Database, Intake, Path],
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        taker = await stack.enter_async_context(house(store, site="county-referral", messages='["REF^I12"]'))
        assert taker.service is not None
        await taker.service.stop()  # the next service reads the sections of both
        giver = await stack.enter_async_context(house(store, messages='["REF^I12", "RRI^I12"]'))
        taker.takes(REFERRAL)
        await until(lambda: [one.state for one in giver.all()] == ["done"])
        assert [one.kind for one in giver.all()] == ["REF^I12"]
        text = taker.receiver.raw[0].decode()
        assert "RF1|P^待处理|" in text and "|ZZ001^YXWSY|" in text and "DG1|1||I10.x00^高血压^I10" in text
        answer = REFERRAL.replace("HIS|YXWSY", "REFERRAL|QHRY").replace("080000||REF", "090000||REF")
        answer = answer.replace("REF^I12^REF_I12|R1", "RRI^I12^RRI_I12|R2")
        giver.takes(answer.replace("RF1|P^待处理", "RF1|A^已接收").partition("DG1")[0])
        await until(lambda: [one.state for one in giver.all()] == ["done", "done"])
        assert "|RRI^I12^RRI_I12|" in giver.receiver.raw[0].decode()
        assert "RF1|A^已接收|" in giver.receiver.raw[0].decode()
        assert len(taker.receiver.raw) == 1 and len(giver.receiver.raw) == 1


@story
async def test_an_order_goes_to_the_laboratory_and_its_change_says_so(store: tuple[Database, Intake, Path]) -> None:
    order = (
        "MSH|^~\\&|HIS|YXWSY|LIS|JYZX|20260301080000||ORM^O01^ORM_O01|N{n}|P|2.5.1|||||CHN|UNICODE UTF-8\n"
        "PID|1||P1^^^YXWSY^MR||王小明||19900101|M\n"
        "ORC|{control}|O1^YXWSY|||||||2026030108000{n}|||0001^王医生\n"
        "OBR|1|O1^YXWSY||XCG^血常规|||||||||{note}|||||||||||LAB\n"
    )
    toml = store[2] / "township-a-his" / "site.toml"
    toml.write_text(toml.read_text("utf-8").replace("[authorities]", '[authorities]\nJYZX = "county-lab"'), "utf-8")
    async with house(store, site="county-lis", messages='["OML^O21", "ORM^O01"]') as found:
        found.takes(order.format(n=1, control="NW", note=""))
        await until(lambda: [one.state for one in found.all()] == ["done"])
        found.takes(order.format(n=2, control="CA", note="溶血"))
        await until(lambda: [one.state for one in found.all()] == ["done", "done"])
        first, second = (raw.decode() for raw in found.receiver.raw)
        assert "|OML^O21^OML_O21|" in first and "\rORC|NW|O1^YXWSY|" in first
        assert "\rORC|CA|O1^YXWSY|" in second


@story
async def test_an_admission_goes_to_who_may_see_it(store: tuple[Database, Intake, Path]) -> None:
    async with house(store, site="county-his", messages='["ADT"]', sees='["township-a"]') as found:
        lines = (
            "MSH|^~\\&|HIS|YXWSY|QIAO|QINGHE|20260301080000||ADT^{e}|A{e}|P|2.5.1|||||CHN|UNICODE UTF-8\n"
            "EVN|{e}|202603010{hour}0000\n"
            "PID|1||P1^^^YXWSY^MR||王小明||19900101|M\n"
            "PV1|1|I|0401^01^02||||||||||||||||V1\n"
        )
        for hour, event in ((8, "A01"), (9, "A03")):
            found.takes(lines.format(e=event, hour=hour))
        await until(lambda: [one.kind for one in found.all()].count("ADT^A03") == 1)
        await until(lambda: {one.state for one in found.all()} == {"done"})
        kinds = [one.kind for one in found.all()]
        assert "ADT^A28" in kinds and "ADT^A01" in kinds and kinds.index("ADT^A01") < kinds.index("ADT^A03")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('hots = "x"', "unknown key 'hots'; valid keys are host, port"),
        ('version = "2.2"', "version must be one of 2.3, 2.3.1, 2.4, 2.5, 2.5.1, 2.6"),
        ("ack_seconds = -1", "ack_seconds must be a number of seconds"),
        ('certificate = "a.pem"', "certificate and key are given together"),
    ],
)
def test_a_mistake_in_the_section_names_what_is_valid(
    store: tuple[Database, Intake, Path], line: str, said: str
) -> None:
    toml = store[2] / "county-lis" / "site.toml"
    base = section(2575).replace(FAST, "") if "ack_seconds" in line else section(2575)
    toml.write_text(toml.read_text("utf-8") + base + line + "\n", "utf-8")
    with pytest.raises(SiteError, match="\\[outbound\\]") as problem:
        load(store[2])
    assert said in str(problem.value)
