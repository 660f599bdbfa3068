import unittest

from shop.settings import MissingSetting, settings


class Settings(unittest.TestCase):
    def test_complete(self) -> None:
        self.assertEqual(settings({"CURRENCY": "EUR"}, "test").currency, "EUR")

    def test_a_missing_one_is_named(self) -> None:
        with self.assertRaisesRegex(MissingSetting, "CURRENCY"):
            settings({}, "test")
