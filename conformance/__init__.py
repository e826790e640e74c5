"""The mirror: checks, indicators and reports about what the other rooms did."""
