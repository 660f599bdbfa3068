import json
import unittest

from shop import __version__
from shop.pages import amount, answer
from shop.settings import Settings

HERE = Settings(environment="test", currency="EUR")


class Pages(unittest.TestCase):
    def test_the_page_says_the_version(self) -> None:
        self.assertIn(__version__, answer("/", HERE).body)

    def test_a_price(self) -> None:
        self.assertEqual(json.loads(answer("/price?item=tea&quantity=2", HERE).body)["price"], "8.40")

    def test_a_cart_has_a_line_for_each_item(self) -> None:
        self.assertEqual(len(json.loads(answer("/cart?mug=2&tea=1", HERE).body)["lines"]), 2)

    def test_bad_questions(self) -> None:
        for url, status in {"/price?item=car": 400, "/cart?mug=many": 400, "/nothing": 404}.items():
            with self.subTest(url):
                self.assertEqual(answer(url, HERE).status, status)

    def test_amounts(self) -> None:
        self.assertEqual([amount(5), amount(1370)], ["0.05", "13.70"])
