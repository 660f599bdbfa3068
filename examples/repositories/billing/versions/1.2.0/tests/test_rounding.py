import unittest

from billing.tax import tax


class Rounding(unittest.TestCase):
    def test_half_a_cent_goes_up(self) -> None:
        self.assertEqual([tax(50, "DE"), tax(51, "DE"), tax(53, "DE")], [10, 10, 10])

    def test_less_goes_down(self) -> None:
        self.assertEqual(tax(12, "AT"), 2)
