from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        """This will have comings and goings written into the audit log."""
        import accounts.trail  # noqa: F401
