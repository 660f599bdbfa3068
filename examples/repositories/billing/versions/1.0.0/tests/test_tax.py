import unittest

from billing.tax import UnknownCountry, tax


class Tax(unittest.TestCase):
    def test_a_round_amount(self) -> None:
        self.assertEqual(tax(10000, "DE"), 1900)

    def test_where_we_do_not_sell(self) -> None:
        with self.assertRaises(UnknownCountry):
            tax(10000, "XX")
