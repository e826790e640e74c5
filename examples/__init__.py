"""Runnable examples, not packaged; each one is also a test."""
