"""Where work of one shape goes and what it costs, found once for a stretch of days."""

from billing.engine.eligibility import Place
from billing.engine.moulds import Moulds
from billing.engine.notation import Part
from billing.engine.rates import RateAnswer


class Route:
    """What is the same for all work of one shape in one stretch of days: where it belongs and what an hour costs.

    `moulds` are for work of it that nothing else decides; None where something may.
    """

    __slots__ = ("charge", "code", "moulds", "parts", "place", "rate")

    def __init__(
        self, code: str, place: Place, charge: str, rate: RateAnswer | None, parts: dict[str, Part],
        moulds: Moulds | None,
    ) -> None:  # fmt: skip
        self.code = code
        self.charge = charge
        self.place = place
        self.rate = rate
        self.parts = parts
        self.moulds = moulds
