"""Everything that is tried to break the program, or the classes and tests that are named: `check.py Faults Hostile.test_…`."""

import sys
import unittest

from faults import Faults
from hostile import Hostile
from places import Places
from canaries import Secrets
from redacted import Redacted

__all__ = ["Faults", "Hostile", "Places", "Redacted", "Secrets"]

if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
