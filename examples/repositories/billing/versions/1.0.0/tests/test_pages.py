import json
import unittest

from billing import __version__
from billing.pages import answer
from billing.settings import Settings

HERE = Settings(environment="test", currency="EUR")


class Pages(unittest.TestCase):
    def test_the_page_says_the_version(self) -> None:
        self.assertIn(__version__, answer("/", HERE).body)

    def test_an_invoice(self) -> None:
        self.assertEqual(json.loads(answer("/invoice?net=10000&country=AT", HERE).body)["gross"], 12000)

    def test_bad_questions(self) -> None:
        for url, status in {"/invoice": 400, "/invoice?net=1&country=XX": 400, "/nothing": 404}.items():
            with self.subTest(url):
                self.assertEqual(answer(url, HERE).status, status)
