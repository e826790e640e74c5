"""A small valid PDF made in code: one page, a heading in ASCII and a curve (ISO 32000-1 7.5)."""

from __future__ import annotations

import math
from collections.abc import Sequence


def pdf(heading: str, curve: Sequence[float] = ()) -> bytes:
    """One A5 page as PDF 1.4. The curve's values lie between -1 and 1 and are drawn from left to right."""
    points = " ".join(
        f"{20 + index * 380 / max(len(curve) - 1, 1):.1f} {300 + value * 80:.1f} {'l' if index else 'm'}"
        for index, value in enumerate(curve)
    )
    text = heading.encode("ascii", "replace").decode().replace("(", "[").replace(")", "]").replace("\\", "/")
    drawing = f"BT /F1 14 Tf 20 550 Td ({text}) Tj ET\n{points}{' S' if points else ''}\n".encode()
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 420 595]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%sendstream" % (len(drawing), drawing),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    body = b"%PDF-1.4\n"
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    trailer = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))
    return body + b"xref\n0 %d\n0000000000 65535 f \n%s%s" % (size, table, trailer)


def heartbeat(rate: int, beats: int = 5) -> list[float]:
    """A stylised lead II, forty samples a beat; `rate` only shapes the baseline wander."""
    samples: list[float] = []
    for index in range(beats * 40):
        phase = index % 40
        spike = {9: 0.12, 10: 0.15, 11: 0.1, 15: -0.1, 16: 0.95, 17: -0.25, 25: 0.15, 26: 0.22, 27: 0.18}.get(
            phase, 0.0
        )
        samples.append(spike + 0.03 * math.sin(index / rate))
    return samples
