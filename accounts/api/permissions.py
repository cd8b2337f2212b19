"""Who may call what. A view that names no permission is closed."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.models import ApiKey, Scope


class DenyAll(BasePermission):
    """The default: nobody. Every view says for itself who may come in."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return False


class PublicRead(BasePermission):
    """Anyone may read; nobody writes."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return request.method in SAFE_METHODS


class MaySubmit(BasePermission):
    """A signed-in account, or a key with the scope `submit`. Reading by key needs the scope
    `read`."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        if isinstance(request.auth, ApiKey):
            return (
                Scope.READ if request.method in SAFE_METHODS else Scope.SUBMIT
            ) in request.auth.scopes
        return True
