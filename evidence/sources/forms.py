"""What moderators type about sources."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from claims.dates import validate_past
from evidence.sources.actions import UPLOAD_LIMIT


class CopyForm(forms.Form):
    """A saved copy of a source: a file or pasted text, from when, and where it came from."""

    TYPES = {"html": "text/html", "htm": "text/html", "txt": "text/plain"}

    file = forms.FileField(
        label=lazy("Saved page or text"),
        required=False,
        help_text=lazy("HTML or plain text, at most 25 MiB."),
    )
    text = forms.CharField(
        label=lazy("Or paste the text"),
        required=False,
        max_length=1_000_000,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    captured_at = forms.DateTimeField(
        label=lazy("Saved at (UTC)"),
        validators=[validate_past],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}),
    )
    note = forms.CharField(
        label=lazy("Source of the copy"),
        max_length=300,
        help_text=lazy("Public. Do not name private persons."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["file"].widget.attrs["accept"] = ".html,.htm,.txt"

    def clean_file(self) -> UploadedFile[Any] | None:
        file: UploadedFile[Any] | None = self.cleaned_data["file"]
        if file is not None:
            if (file.name or "").rpartition(".")[2].lower() not in self.TYPES:
                raise forms.ValidationError(
                    _("Only HTML and plain text: .html, .htm, .txt."), code="type"
                )
            if (file.size or 0) > UPLOAD_LIMIT:
                raise forms.ValidationError(
                    _("The file is larger than 25 MiB. Nothing was saved."), code="too_large"
                )
        return file

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if not self.errors and bool(given.get("file")) == bool(given.get("text", "").strip()):
            raise forms.ValidationError(_("Add either a file or the text."))
        return given

    @property
    def too_large(self) -> bool:
        """Whether the file was refused for its size."""
        return self.has_error("file", "too_large")

    def content(self) -> tuple[bytes, str]:
        """The bytes and their type. The type follows from the name alone; what a browser says of a
        file is not believed."""
        file = self.cleaned_data["file"]
        if file is None:
            return self.cleaned_data["text"].encode(), "text/plain; charset=utf-8"
        return file.read(), self.TYPES[file.name.rpartition(".")[2].lower()]
