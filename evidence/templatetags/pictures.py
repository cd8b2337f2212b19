"""Marked regions over a picture. Loaded as `{% load pictures %}`."""

from __future__ import annotations

from typing import Any

from django import template

from evidence.exhibits.models import Region, Rendition

register = template.Library()


@register.simple_tag
def region_box(region: Region, picture: Rendition) -> dict[str, int]:
    """Where a region lies in the pixels of a rendition, and where its numbered disc: at its upper
    left, kept inside the picture."""
    x, y = region.x * picture.width // 1000, region.y * picture.height // 1000
    radius = max(picture.width // 38, 8)
    disc_x, disc_y = max(x, radius + 2), max(y, radius + 2)
    box = {
        "x": x,
        "y": y,
        "width": region.width * picture.width // 1000,
        "height": region.height * picture.height // 1000,
    }
    return {
        **box,
        "radius": radius,
        "size": radius * 13 // 10,
        "disc_x": disc_x,
        "disc_y": disc_y,
        "text_y": disc_y + radius * 45 // 100,
    }


@register.inclusion_tag("evidence/_overlay.html")
def overlay(regions: list[Region], picture: Rendition, *, links: bool = True) -> dict[str, Any]:
    """The regions as one SVG to lie over the picture; with `links` each leads to its words,
    `#region-<number>`."""
    return {"regions": regions, "picture": picture, "links": links}
