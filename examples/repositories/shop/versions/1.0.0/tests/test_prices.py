import unittest

from shop.prices import UnknownItem, price, total


class Prices(unittest.TestCase):
    def test_one_piece(self) -> None:
        self.assertEqual(price("mug"), 950)

    def test_two_pieces(self) -> None:
        self.assertEqual(price("mug", 2), 1900)

    def test_a_cart(self) -> None:
        self.assertEqual(total({"mug": 1, "tea": 1}), 1370)

    def test_an_empty_cart(self) -> None:
        self.assertEqual(total({}), 0)

    def test_what_is_not_sold(self) -> None:
        with self.assertRaises(UnknownItem):
            price("car")
