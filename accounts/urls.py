"""Addresses of accounts. The names are those that django-allauth looks for."""

from allauth.account import views as allauth
from allauth.mfa.base import views as second
from allauth.mfa.recovery_codes import views as recovery
from django.urls import path, re_path
from django.views.generic import RedirectView

from accounts.views import doors, members, profile, tokens

pages = [
    path("account/", profile.account, name="account"),
    path("account/email/", profile.email, name="account_email"),
    path("account/email/<str:key>/", profile.email_confirm, name="account_email_confirm"),
    path("account/password/", doors.ChangePasswordView.as_view(), name="account_change_password"),
    path("account/two-factor/", RedirectView.as_view(pattern_name="account"), name="mfa_index"),
    path("account/two-factor/on/", doors.SwitchOnView.as_view(), name="mfa_activate_totp"),
    path("account/two-factor/off/", doors.SwitchOffView.as_view(), name="mfa_deactivate_totp"),
    path("account/codes/", recovery.view_recovery_codes, name="mfa_view_recovery_codes"),
    path(
        "account/codes/new/",
        doors.NewRecoveryCodesView.as_view(),
        name="mfa_generate_recovery_codes",
    ),
    path("account/again/", allauth.reauthenticate, name="account_reauthenticate"),
    path("account/again/code/", second.reauthenticate, name="mfa_reauthenticate"),
    path("account/tokens/", tokens.tokens, name="tokens"),
    path("account/tokens/<uuid:pk>/revoke/", tokens.revoke, name="token-revoke"),
    path("accounts/login/", doors.LogInView.as_view(), name="account_login"),
    path("accounts/login/code/", second.authenticate, name="mfa_authenticate"),
    path("accounts/logout/", doors.LogOutView.as_view(), name="account_logout"),
    path("accounts/inactive/", allauth.account_inactive, name="account_inactive"),
    path(
        "accounts/password/", doors.ForgottenPasswordView.as_view(), name="account_reset_password"
    ),
    path(
        "accounts/password/sent/", allauth.password_reset_done, name="account_reset_password_done"
    ),
    re_path(
        r"^accounts/password/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        doors.ChooseNewPasswordView.as_view(),
        name="account_reset_password_from_key",
    ),
    path(
        "accounts/password/changed/",
        allauth.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("cohorts/<slug:slug>/members/", members.members, name="members"),
    path("cohorts/<slug:slug>/members/<int:member>/", members.remove, name="member-remove"),
    path("invitations/<uuid:pk>/again/", members.invite_again, name="invitation-again"),
    path("invitations/<uuid:pk>/revoke/", members.revoke, name="invitation-revoke"),
    path("invitation/<str:key>/", members.invitation, name="invitation"),
]
