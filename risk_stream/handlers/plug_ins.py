"""Which handlers there are: the two built in, and those that installed packages offer as entry points.

A package offers one by an entry point of the group `risk_stream.violation_handlers`: the name is what
RISK_STREAM_HANDLERS says, the object is called with the settings and returns the handler. The built-in ones stand here
and not in the package's own entry points: they work in a checkout that was never installed, and no other package can
take their names.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, Protocol

from risk_stream.handlers.published import PublishedViolation
from risk_stream.ops.settings import Settings

GROUP: Final = "risk_stream.violation_handlers"
BUILT_IN: Final = {
    "log": "risk_stream.handlers.log:create",
    "webhook": "risk_stream.handlers.webhook:create",
}


class Handler(Protocol):
    """What takes violations. `handle` may be `async def` or a plain function; the methods `start()` and `close()`, of
    the same sort, are called around its life when it has them."""

    def handle(self, violation: PublishedViolation, /) -> Any:
        """Deal with one violation; return when that is done, raise when it could not be done."""
        ...


Factory = Callable[[Settings], Handler]


class HandlerError(Exception):
    """A handler cannot be had, or the process not be run; says which, and why."""


@dataclass(frozen=True, slots=True)
class PlugIn:
    """One handler that could be run."""

    name: str
    target: str
    """`module:object`, the factory."""
    source: str
    """The distribution that brings it."""

    def create(self, settings: Settings) -> Handler:
        """Import and make it. Raises HandlerError, whatever its code does wrong."""
        module, _, attribute = self.target.partition(":")
        try:
            found: Any = import_module(module)
            for part in attribute.split("."):
                found = getattr(found, part)
            handler = found(settings)
        except HandlerError:
            raise
        except Exception as error:
            raise HandlerError(f"handler {self.name} ({self.target}): {type(error).__name__}: {error}") from error
        if not callable(getattr(handler, "handle", None)):
            raise HandlerError(f"handler {self.name} ({self.target}): what it returns has no method `handle`")
        made: Handler = handler
        return made


def plug_ins(installed: Iterable[EntryPoint] | None = None) -> dict[str, PlugIn]:
    """All handlers by name, the built-in ones first. Raises HandlerError when two packages offer the same name."""
    found = {name: PlugIn(name, target, "built in") for name, target in BUILT_IN.items()}
    for one in entry_points(group=GROUP) if installed is None else installed:
        source = one.dist.name if one.dist else "unknown"
        offered = PlugIn(one.name, one.value.split("[")[0].strip(), source)
        other = found.setdefault(one.name, offered)
        if other.target != offered.target:
            raise HandlerError(f"handler {one.name} is offered twice: {other.source} and {source}")
    return found


def chosen(names: Iterable[str]) -> list[PlugIn]:
    """The handlers of these names. Raises HandlerError for one that nobody offers."""
    known = plug_ins()
    wanted = list(dict.fromkeys(names))
    missing = [name for name in wanted if name not in known]
    if missing:
        raise HandlerError(
            f"RISK_STREAM_HANDLERS: no handler {', '.join(missing)} is installed (there are {', '.join(known)})"
        )
    return [known[name] for name in wanted]
