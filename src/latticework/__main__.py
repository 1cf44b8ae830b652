"""`python -m latticework`."""

import sys

from latticework.cli.main import main

sys.exit(main())
