"""Runs one check: `checks.py NAME CONNECT_STRING [ARGUMENT...]`; prints "passed" when it holds.

A check is a function of `operations` or `failures`; it fails by an assertion.
"""

import sys

import failures
import operations
from clients import close_all

name, arguments = sys.argv[1], sys.argv[2:]
module = operations if hasattr(operations, name) else failures
getattr(module, name)(*arguments)
close_all()
print("passed")
