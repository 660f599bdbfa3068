"""Value added tax. Amounts are whole cents, rates whole per cent."""

RATES = {"DE": 19, "AT": 20, "FR": 20, "NL": 21}


class UnknownCountry(Exception):
    """We do not sell there."""

    def __init__(self, country: str) -> None:
        super().__init__(f"there is no tax rate for {country!r}; there are {', '.join(sorted(RATES))}")


def tax(net: int, country: str) -> int:
    """The tax on a net amount, rounded down."""
    if country not in RATES:
        raise UnknownCountry(country)
    return net * RATES[country] // 100
