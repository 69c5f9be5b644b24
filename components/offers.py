"""Whether AWS's offer is what was confirmed."""

from __future__ import annotations

from components.errors import ComponentError
from specs.reservation import AnyReservation

_CENT = 0.01


def agreed(offer: str, price: float, spec: AnyReservation, at: str) -> str:
    """The id of an offer of ``price`` for each; `ComponentError` when that is not the sum."""
    asked = price * spec.count
    if abs(asked - spec.upfront_usd) >= _CENT:
        raise ComponentError(
            f"{at}.confirm: AWS asks {asked:.2f} USD upfront for {spec.count} and "
            f"{spec.upfront_usd:.2f} is confirmed; nothing was bought. Write the sum you agree to"
        )
    return offer
