"""The validator as a conformance report asks it: what a store had better accept is an error, too."""

from functools import partial

from profiles.validator.validate import validate as _validate

validate = partial(_validate, rigour="strict")
