"""Tests of actions are played: the real planner, workflow and store, with CI systems and services in memory."""
