"""docs/screenshots.md: one line on each screen, then its pictures."""

from tests.screenshots.catalogue import DARK, NARROW, Screen

HEAD = """# Screenshots

Every screen of the demo. `make screenshots` starts the demo, takes the pictures and writes this page;
`THROUGHLINE_STACK="<url> <first port of the landscape> <var>"` takes them from a demo that runs already.
"""
WORDS = {DARK: "dark", NARROW: "on a phone"}


def page_of(sections: "tuple[tuple[str, tuple[Screen, ...]], ...]") -> str:
    """The page in Markdown."""
    return HEAD + "".join(f"\n## {title}\n" + "".join(map(_screen, screens)) for title, screens in sections)


def _screen(screen: Screen) -> str:
    more = "".join(f" [{WORDS[variant]}](screenshots/{screen.slug}-{variant}.png)" for variant in screen.also)
    return (
        f"\n### {screen.title}\n\n{screen.purpose}{f' Also:{more}.' if more else ''}\n\n"
        f"![{screen.title}](screenshots/{screen.slug}.png)\n"
    )
