"""How an order stands -> the answer to its placer: ORR^O02, ORG^O20, ORL^O22, ORI^O24.

An answer names the message that it answers (MSA-2); ORC-1 says what became of the order: accepted (OK), not accepted
(UA), changed in status (SC), cancelled as asked (CR) or by the filler (OC). Source: HL7 v2.5.1 4.4.2, 4.4.5, 4.4.7,
4.4.9; table 0119. Patient and detail are said again, as the structures allow, so that a placer finds its order.
"""

from __future__ import annotations

from typing import Any

from mappers.outbound.messages.header import msa, msh, software
from mappers.outbound.messages.notes import notes
from mappers.outbound.messages.orders import obr, orc, spm, task_of, timing
from mappers.outbound.messages.state import code
from mappers.outbound.messages.subject import patient_of, pid
from mappers.outbound.receiver import Work
from mappers.outbound.tree import Built

Body = dict[str, Any]
ANSWERS = {"ORM^O01": "ORR^O02", "OMG^O19": "ORG^O20", "OML^O21": "ORL^O22", "OMI^O23": "ORI^O24"}
"""Which answer which order has (HL7 table 0003)."""


def order_answer(requests: list[Body], work: Work) -> list[Built]:
    """The answer about the orders of one patient."""
    patient = patient_of(requests[0], work)
    requests = [one for one in requests if patient_of(one, work) is patient]
    head = [msh(work), msa(work), *software(work)]
    segments = [pid(patient, work)] if patient is not None else []
    for number, request in enumerate(requests, 1):
        task = task_of(request, work)
        specimens = list(work.pool.all(request.get("specimen")))
        said = notes([*request.get("note", ()), *(task or {}).get("note", ())], work)
        segments += [orc(request, task, work, control(request, task, work)), *timing(request, work)]
        segments.append(obr(request, None, specimens, number, work))
        if work.envelope.code == "ORL":
            head += said  # its orders have no notes
        else:
            segments += said
        segments += spm(specimens, work)
    return [*head, *segments]


def control(request: Body, task: Body | None, work: Work) -> str:
    """ORC-1 of an answer."""
    status, state = request.get("status", ""), (task or {}).get("status", "")
    found = code(work.receiver, "order-answer", f"{status}|{state}") or code(work.receiver, "order-answer", f"|{state}")
    return found or code(work.receiver, "order-answer", status)
