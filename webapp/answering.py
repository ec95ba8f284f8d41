"""In which form the API answers."""

from collections.abc import Iterable

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class OneForm(DefaultContentNegotiation):
    """Each address has one form, whatever is accepted: a file is a file, all else is JSON.

    So whoever asks for a file by its own type gets it; a refusal is JSON there, too. Only the
    description of the API has two forms.
    """

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """This will take the first renderer."""
        first = next(iter(renderers))
        return first, first.media_type
