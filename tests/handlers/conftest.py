"""The fixtures of command-line tests, for the handlers' process."""

from tests.cli.conftest import shell as shell
