import unittest

from shop.prices import price


class Discount(unittest.TestCase):
    def test_two_are_not_many(self) -> None:
        self.assertEqual(price("mug", 2), 1900)

    def test_three_are(self) -> None:
        self.assertEqual(price("mug", 3), 2565)
