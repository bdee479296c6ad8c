"""What can go wrong with the embedded broker, said so that a person knows what to do next."""


class BrokerError(Exception):
    """A sentence that says what is wrong and where, and one (`advice`) that says what to do next."""

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(f"{problem}\n{advice}")
        self.problem = problem
        self.advice = advice
