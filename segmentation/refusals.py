"""What Plaque refuses, said so that the person who asked can act on it."""


class Refusal(Exception):
    """An anticipated refusal: nothing was changed; the message says what happened, what to do.

    Subclasses are named after the state that caused the refusal (`StudyNotClosed`). The message is
    one to three plain sentences for the person who asked. `fields` names the faults of a form, one
    list of sentences per field; it is empty when the refusal is not about a form.
    """

    def __init__(self, message: str, *, fields: dict[str, list[str]] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields or {}

    @property
    def code(self) -> str:
        """The name of the state, stable enough for a program to branch on."""
        return type(self).__name__


class ReasonMissing(Refusal):
    """Something that needs a reason came without one."""
