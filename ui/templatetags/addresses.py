"""`{% url %}` as Django has it, by addresses that are composed once. A builtin: no template loads
it."""

from __future__ import annotations

from django import template
from django.template.base import Parser, Token
from django.template.context import Context
from django.template.defaulttags import URLNode, url
from django.utils.html import escape
from django.utils.safestring import SafeString

from ui.languages import address

register = template.Library()


class AddressNode(URLNode):
    """The address of a view, its arguments by place."""

    def render(self, context: Context) -> str:
        """As Django does. An address that is kept under a name, or has named arguments, is left to
        it."""
        if self.asvar or self.kwargs:
            return super().render(context)
        arguments = [argument.resolve(context) for argument in self.args]
        composed = address(self.view_name.resolve(context), *arguments)
        return SafeString(escape(composed) if context.autoescape else composed)


@register.tag(name="url")
def address_tag(parser: Parser, token: Token) -> AddressNode:
    """Django's tag, with our node."""
    node = url(parser, token)
    return AddressNode(node.view_name, node.args, node.kwargs, node.asvar)
