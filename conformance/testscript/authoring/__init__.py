"""The source of the scripts that come along: `python -m conformance.testscript.authoring` writes the JSON files."""
