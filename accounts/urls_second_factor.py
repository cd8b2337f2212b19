"""The second factor, under the names that django-allauth looks for. Setting up is a view of ours,
and so is all that has to do with passkeys."""

from __future__ import annotations

from allauth.mfa.base import views as base
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from django.urls import path

from accounts import views, views_passkeys

urlpatterns = [
    path("", base.index, name="mfa_index"),
    path("authenticate/", views_passkeys.after_password, name="mfa_authenticate"),
    path("reauthenticate/", views_passkeys.code_again, name="mfa_reauthenticate"),
    path("app/", views.enrol, name="mfa_activate_totp"),
    path("app/remove/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("passkeys/add/", views_passkeys.add, name="mfa_add_webauthn"),
    path("passkeys/sign-in/", views_passkeys.login, name="mfa_login_webauthn"),
    path("passkeys/confirm/", views_passkeys.prove, name="mfa_reauthenticate_webauthn"),
    path("passkeys/<int:pk>/rename/", views_passkeys.rename, name="mfa_edit_webauthn"),
    path("passkeys/<int:pk>/remove/", views_passkeys.remove, name="mfa_remove_webauthn"),
    path("recovery-codes/", recovery_codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path(
        "recovery-codes/new/",
        recovery_codes.generate_recovery_codes,
        name="mfa_generate_recovery_codes",
    ),
]
