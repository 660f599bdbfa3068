import unittest

from shop.settings import MissingSetting, settings


class Settings(unittest.TestCase):
    def test_complete(self) -> None:
        complete = settings({"CURRENCY": "EUR", "PAYMENTS_URL": "https://pay.example"}, "test")
        self.assertEqual((complete.currency, complete.payments), ("EUR", "https://pay.example"))

    def test_there_need_not_be_a_payment_provider(self) -> None:
        self.assertIsNone(settings({"CURRENCY": "EUR"}, "test").payments)

    def test_a_missing_one_is_named(self) -> None:
        with self.assertRaisesRegex(MissingSetting, "CURRENCY"):
            settings({}, "test")
