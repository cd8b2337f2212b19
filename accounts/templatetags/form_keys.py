"""`{% form_key %}` beside `{% csrf_token %}`, in every form of a signed-in page
(accounts.saved_forms). A builtin: no template loads it."""

from __future__ import annotations

from django import template
from django.template import Context
from django.template.defaulttags import CsrfTokenNode
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from accounts.saved_forms import NAME, new_key
from ui.templatetags.components import button_markup

register = template.Library()


@register.simple_tag(takes_context=True)
def form_key(context: Context) -> SafeString:
    """The hidden key of one form: so that it is done once, and kept if the session is lost."""
    key = new_key(context["request"]) if "request" in context else ""
    return (
        format_html('<input type="hidden" name="{}" value="{}">', NAME, key)
        if key
        else mark_safe("")
    )


@register.simple_block_tag(takes_context=True)
def post_button(
    context: Context, content: str, action: str, look: str = "", **attributes: object
) -> SafeString:
    """A form of one button: it posts to `action` and says nothing else.

    `look` and `attributes` are as of `{% button %}`.
    """
    return format_html(
        '<form method="post" action="{}">{}{}{}</form>',
        action,
        CsrfTokenNode().render(context),
        form_key(context),
        button_markup(content, **{"class": look}, **attributes),
    )
