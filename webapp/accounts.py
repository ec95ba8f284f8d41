"""How people get in: accounts are made by an administrator, never by a passer-by."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.views import LoginView, LogoutView
from django.http import HttpRequest


class ClosedDoor(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """The sign-in of django-allauth without public sign-up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """This will always refuse: an account comes from an administrator."""
        return False


class LogInView(LoginView):  # type: ignore[misc]
    """Sign in."""


class LogOutView(LogoutView):  # type: ignore[misc]
    """Sign out, after one question."""
