"""Text that can be set: nothing invisible, nothing without a glyph, nothing dropped."""

from datetime import date

import pytest

from integration_hub.console.typesetting import TypesettingError, printable, set_pdf
from tests.pdf import Pdf


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Müller, Żółw, Ελληνικά, Привет", "Müller, Żółw, Ελληνικά, Привет"),
        ("a\tb\r\nc", "a b\nc"),
        ("u\u0308ber", "über"),
        ("中文", "[U+4E2D][U+6587]"),
        ("😀", "[U+1F600]"),
        ("1\u202e000.00", "1[U+202E]000.00"),
        ("zero\u200bwidth\u00ad", "zero[U+200B]width[U+00AD]"),
        ("bell\x07", "bell[U+0007]"),
        ("half\ud800", "half[U+D800]"),
        ("private\ue000", "private[U+E000]"),
        ("#eval(1) $x$ *b* \\", "#eval(1) $x$ *b* \\"),
    ],
)
def test_what_is_shown(text, shown):
    assert printable(text) == shown


def test_what_is_shown_is_what_is_printed(tmp_path):
    template = tmp_path / "one.typ"
    template.write_text('#set document(title: "One")\n#set text(lang: "en")\n#json(bytes(sys.inputs.data)).text')
    pdf = Pdf(set_pdf(template, {"text": '中 #read("/etc/passwd")'}, on=date(2026, 3, 2)))
    assert pdf.text.replace("\n", "") == '[U+4E2D] #read("/etc/passwd")'
    assert b"D:20260302" in pdf.body


def test_a_template_reads_nothing_outside_its_folder(tmp_path):
    inside = tmp_path / "templates"
    inside.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    template = inside / "one.typ"
    template.write_text('#set document(title: "One")\n#read("../secret.txt")')
    with pytest.raises(TypesettingError, match="one.typ"):
        set_pdf(template, {}, on=date(2026, 3, 2))
