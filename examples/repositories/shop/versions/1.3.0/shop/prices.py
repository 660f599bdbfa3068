"""What things cost. Amounts are whole cents."""

PRICES = {"mug": 950, "tea": 420, "pot": 2400}
MANY = 3  # from so many pieces of one item …
DISCOUNT = 10  # … so many per cent less


class UnknownItem(Exception):
    """The shop does not sell that."""

    def __init__(self, item: str) -> None:
        super().__init__(f"the shop does not sell {item!r}; it sells {', '.join(sorted(PRICES))}")


def price(item: str, quantity: int = 1) -> int:
    """The price of a number of pieces of one item; cheaper if they are many."""
    if item not in PRICES:
        raise UnknownItem(item)
    if quantity < 1:
        raise ValueError(f"a quantity is 1 or more, not {quantity}")
    return _less(PRICES[item] * quantity, quantity)


def total(cart: dict[str, int]) -> int:
    """The price of a cart, which maps an item to its quantity."""
    if unknown := cart.keys() - PRICES.keys():
        raise UnknownItem(min(unknown))
    return sum(_less(PRICES[item], quantity) for item, quantity in cart.items())


def _less(cents: int, quantity: int) -> int:
    return cents * (100 - DISCOUNT) // 100 if quantity >= MANY else cents
