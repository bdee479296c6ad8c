"""What goes wrong in a demo, in words."""

from aiokafka.errors import KafkaError

from risk_stream.cli.failure import CommandError
from risk_stream.demo.worker import WorkerError
from risk_stream.kafka.reader import TopicError
from risk_stream.kafka.topics import TopicsError


def said(error: Exception, broker: str) -> Exception:
    """The error to raise instead; what nobody foresaw is raised as it is."""
    cause = first(error)
    match cause:
        case WorkerError() | TopicsError() | TopicError():
            return CommandError(str(cause))
        case KafkaError() | TimeoutError() | ConnectionError():
            return CommandError(f"Kafka at {broker}: {cause or type(cause).__name__}")
        case _:
            return error


def first(error: BaseException) -> BaseException:
    """One of the errors of tasks that ran side by side; the worker's, if it failed: the others follow from that."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    causes = [first(one) for one in error.exceptions]
    return next((one for one in causes if isinstance(one, WorkerError)), causes[0])
