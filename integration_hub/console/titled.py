"""A cell of two lines: what it is, and its code below in small. In an export it is the first line alone."""

from django.utils.html import format_html
from django.utils.safestring import SafeString


class Titled:
    """`Titled("Invoice posted", "netsuite.invoice.post")` as the value of a text column."""

    def __init__(self, title: str, below: str = "") -> None:
        self.title = title
        self.below = below

    def __html__(self) -> SafeString:
        if not self.below:
            return format_html("{}", self.title)
        return format_html('{}<small class="below">{}</small>', self.title, self.below)

    def __str__(self) -> str:
        return self.title
