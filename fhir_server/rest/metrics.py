"""Counters and durations of the REST interface for Prometheus; labels are interactions and status codes, never ids."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """One registry for each application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "qiao_http_requests", "FHIR requests", ("interaction", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "qiao_http_seconds",
            "Time to answer a FHIR request",
            ("interaction",),
            registry=self.registry,
            buckets=_BUCKETS,
        )

    def seen(self, interaction: str, status: int, seconds: float) -> None:
        """Counts one answered request."""
        self._requests.labels(interaction, str(status)).inc()
        self._seconds.labels(interaction).observe(seconds)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)
