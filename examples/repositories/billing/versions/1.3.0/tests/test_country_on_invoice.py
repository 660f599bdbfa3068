import json
import unittest

from billing.pages import answer
from billing.settings import Settings


class CountryOnInvoice(unittest.TestCase):
    def test_it_is_there(self) -> None:
        here = Settings(environment="test", currency="EUR")
        self.assertEqual(json.loads(answer("/invoice?net=100&country=NL", here).body)["country"], "NL")
