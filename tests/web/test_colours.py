"""The colours of the stylesheet are told apart by weak eyes too, in light and in dark (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re
from pathlib import Path

import pytest

from mutua.console.web import pages

STYLE = (Path(pages.__file__).parent / "static/mutua.css").read_text()
TEXT, COMPONENT = 4.5, 3.0
PAIRS = [
    *[
        (ink, ground, TEXT)
        for ink in ("ink", "quiet", "accent", "good", "bad", "warn")
        for ground in ("ground", "card")
    ],
    ("on-accent", "accent", TEXT),
    ("good", "good-ground", TEXT),
    *[(ink, ground, TEXT) for ink in ("ink", "quiet") for ground in ("good-ground", "bad-ground", "warn-ground")],
    ("bad", "bad-ground", TEXT),
    ("warn", "warn-ground", TEXT),
    *[("edge", ground, COMPONENT) for ground in ("ground", "card")],
]


def palettes() -> dict[str, dict[str, str]]:
    light, dark = (
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
        for block in STYLE.split("@media (prefers-color-scheme: dark)")[:2]
    )
    return {"light": light, "dark": light | dark}


def luminance(colour: str) -> float:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_is_the_standards() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_there_is_contrast_enough(scheme: str, ink: str, ground: str, least: float) -> None:
    palette = palettes()[scheme]
    assert contrast(palette[ink], palette[ground]) >= least


def test_dark_has_a_colour_for_each_that_light_has() -> None:
    light, dark = (
        set(re.findall(r"--([a-z-]+): #", block)) for block in STYLE.split("@media (prefers-color-scheme: dark)")[:2]
    )
    assert light == dark
