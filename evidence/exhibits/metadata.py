"""What a file says of itself, in words: the decoder's keys with their names, in the order in which
a moderator asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

NAMES: Final[dict[str, str | Promise]] = {
    "taken_at": lazy("Taken (the camera’s clock)"),
    "taken_offset": lazy("Time zone of the camera"),
    "digitized_at": lazy("Digitised"),
    "modified_at": lazy("Edited with a program at"),
    "software": lazy("Program"),
    "make": lazy("Maker of the camera"),
    "model": lazy("Camera"),
    "lens": lazy("Lens"),
    "serial": lazy("Serial number of the camera"),
    "lens_serial": lazy("Serial number of the lens"),
    "host_computer": lazy("Computer"),
    "owner": lazy("Owner of the camera"),
    "artist": lazy("Author"),
    "copyright": lazy("Copyright"),
    "description": lazy("Description"),
    "comment": lazy("Comment"),
    "gps_altitude": lazy("Height above the sea (m)"),
    "gps_date": lazy("Date of the position"),
    "gps_time": lazy("Time of the position (UTC)"),
}


def described(metadata: Mapping[str, str | int]) -> list[tuple[str, str]]:
    """Name and value of each thing that the file says. The place comes first; what has no name here
    keeps its key."""
    rest = dict(metadata)
    latitude, longitude = rest.pop("gps_latitude", None), rest.pop("gps_longitude", None)
    rows = (
        [(_("Place (latitude, longitude)"), f"{latitude}, {longitude}")]
        if latitude and longitude
        else []
    )
    rows += [(str(name), str(rest.pop(key))) for key, name in NAMES.items() if key in rest]
    return rows + [(key, str(value)) for key, value in sorted(rest.items())]
