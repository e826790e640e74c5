"""Measurements, as ratios within one run: `python -m benchmarks [NAME…]` prints one JSON object a line."""
