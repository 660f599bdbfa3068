import unittest

from shop.settings import MissingSetting, settings


class Settings(unittest.TestCase):
    def test_complete(self) -> None:
        complete = settings({"CURRENCY": "EUR", "PAYMENTS_URL": "https://pay.example"}, "test")
        self.assertEqual((complete.currency, complete.payments), ("EUR", "https://pay.example"))

    def test_a_missing_one_is_named(self) -> None:
        for name in ("CURRENCY", "PAYMENTS_URL"):
            values = {"CURRENCY": "EUR", "PAYMENTS_URL": "https://pay.example"}
            del values[name]
            with self.subTest(name), self.assertRaisesRegex(MissingSetting, name):
                settings(values, "test")
