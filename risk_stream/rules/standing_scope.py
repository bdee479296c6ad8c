"""Which limits valuations evaluate: those whose kind stands and whose scope names nothing that only an order has."""

from risk_stream.rules import catalogue
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.compiled import compiled


@compiled
def is_standing(plan: PlanArrays, index: int) -> bool:
    """Whether the limit has a standing evaluation, be it in force now or not."""
    limit = plan.limits[index]
    if limit.has_strategy == 1 or limit.has_trader == 1:
        return False
    manner = catalogue.standing(limit.kind)
    if manner == catalogue.NEVER:
        return False
    if limit.has_symbol == 1 and manner != catalogue.PER_SYMBOL:
        return False
    return not (limit.has_sector == 1 and manner != catalogue.PER_SECTOR)
