import unittest

from billing.tax import tax


class Countries(unittest.TestCase):
    def test_new_ones(self) -> None:
        self.assertEqual([tax(10000, "FR"), tax(10000, "NL")], [2000, 2100])
