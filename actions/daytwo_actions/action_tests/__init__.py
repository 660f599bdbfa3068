"""Tests of actions: files called `….test.yml` beside the definitions, read and checked. Nothing is run here."""

from daytwo_actions.action_tests.load import LoadedTests, found_tests, read_tests
from daytwo_actions.action_tests.model import ActionTest, ActionTests

__all__ = ["ActionTest", "ActionTests", "LoadedTests", "found_tests", "read_tests"]
