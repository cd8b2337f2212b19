"""The owners' photos of the demonstration, drawn: each says on its face that it is a drawing and no
photograph.

They are as large as what a phone makes, and some carry what a phone writes into a file (camera,
time, place), so that it can be seen that none of it gets out. The same unit gives the same bytes.
"""

from __future__ import annotations

import io
import random
from datetime import date
from functools import cache
from typing import Final

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from reports.drawing.fonts import FILE

SIZE: Final = (2400, 1800)
# A public square, not anybody's address.
_PLACE: Final = ((39.0, 54.0, 27.0), (116.0, 23.0, 50.0))
_SIMPLIFIED: Final = 2  # the face of the font collection
_NOTE: Final = "手绘示意 · 不是照片 · 重演        DRAWN · not a photograph · reconstruction"
Colour = tuple[int, int, int]


@cache
def _font(size: int, weight: int = 500) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(str(FILE), size, index=_SIMPLIFIED)
    font.set_variation_by_axes([weight])
    return font


class Sheet:
    """A canvas with grain, and the words that must stand on it."""

    def __init__(self, ground: Colour, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311  (grain of a drawing, not a secret)
        self.image = Image.new("RGB", SIZE, ground)
        self.draw = ImageDraw.Draw(self.image)

    def shade(self, top: Colour, bottom: Colour) -> None:
        """A vertical gradient over everything."""
        for y in range(SIZE[1]):
            at = y / SIZE[1]
            self.draw.line(
                [(0, y), (SIZE[0], y)],
                fill=tuple(round(a + (b - a) * at) for a, b in zip(top, bottom, strict=True)),
            )

    def soften(self, radius: float) -> None:
        self.image = self.image.filter(ImageFilter.GaussianBlur(radius))
        self.draw = ImageDraw.Draw(self.image)

    def label(self, text: str, place: tuple[int, int], target: tuple[int, int]) -> None:
        """Words with a line to what they name."""
        self.draw.line([place, target], fill=(255, 214, 92), width=5)
        self.draw.ellipse(
            [target[0] - 12, target[1] - 12, target[0] + 12, target[1] + 12], fill=(255, 214, 92)
        )
        self.draw.text(
            place,
            text,
            font=_font(76),
            fill=(255, 240, 190),
            stroke_width=4,
            stroke_fill=(20, 20, 20),
        )

    def finish(self, unit: str) -> Image.Image:
        """Grain, and the bar that says what this is."""
        grain = _grain(self.random)
        self.image = Image.blend(self.image, Image.merge("RGB", (grain, grain, grain)), 0.06)
        draw = ImageDraw.Draw(self.image)
        draw.rectangle([0, SIZE[1] - 130, SIZE[0], SIZE[1]], fill=(12, 12, 14))
        draw.text((48, SIZE[1] - 108), _NOTE, font=_font(58, 700), fill=(255, 255, 255))
        draw.text(
            (SIZE[0] - 60, SIZE[1] - 108), unit, font=_font(58), fill=(180, 180, 185), anchor="ra"
        )
        return self.image


def _grain(dice: random.Random) -> Image.Image:
    """Noise as a sensor makes it, from the drawing's own dice, so that it comes out the same
    again."""
    small = Image.frombytes(
        "L", (SIZE[0] // 4, SIZE[1] // 4), dice.randbytes(SIZE[0] // 4 * (SIZE[1] // 4))
    )
    return small.resize(SIZE)


def _hood(sheet: Sheet) -> None:
    """A hood seen from the front left, with its two inlets."""
    sheet.shade((70, 74, 80), (30, 32, 36))
    sheet.draw.polygon(
        [(220, 1500), (520, 420), (1880, 420), (2180, 1500)],
        fill=(52, 55, 60),
        outline=(110, 114, 120),
        width=6,
    )
    sheet.draw.line([(1200, 420), (1200, 1500)], fill=(80, 84, 90), width=8)
    sheet.soften(3)


def inlet(unit: str, seed: int) -> Image.Image:
    """The two inlets with their grilles."""
    sheet = Sheet((50, 52, 56), seed)
    _hood(sheet)
    lean = sheet.random.randint(-40, 40)
    for left in (560 + lean, 1360 + lean):
        sheet.draw.rounded_rectangle(
            [left, 860, left + 480, 1080], 90, fill=(8, 8, 10), outline=(140, 144, 150), width=10
        )
        for x in range(left + 50, left + 450, 44):
            sheet.draw.line([(x, 872), (x - 26, 1068)], fill=(60, 62, 66), width=10)
    sheet.label("进风口 inlet", (260, 240), (700 + lean, 900))
    return sheet.finish(unit)


def cavity(unit: str, seed: int) -> Image.Image:
    """Behind an inlet: flat, closed, lit by a torch."""
    sheet = Sheet((26, 27, 30), seed)
    sheet.shade((34, 35, 38), (18, 18, 20))
    shift = sheet.random.randint(-60, 60)
    for step in range(40):
        light = 30 + step * 3
        edge = 40 * step // 3
        sheet.draw.rounded_rectangle(
            [500 + shift + edge, 420 + edge // 2, 1900 + shift - edge, 1400 - edge // 2],
            120,
            fill=(light, light, light - 10),
        )
    sheet.soften(8)
    sheet.draw.rounded_rectangle(
        [500 + shift, 420, 1900 + shift, 1400], 120, outline=(150, 152, 156), width=14
    )
    sheet.label("封死的底面 closed floor", (180, 200), (1200 + shift, 910))
    sheet.label("没有通道 no channel", (1500, 1540), (1640 + shift, 1240))
    return sheet.finish(unit)


def blower(unit: str, seed: int, reading: str) -> Image.Image:
    """The blower at the inlet, the anemometer at the outlet, and what it reads."""
    sheet = Sheet((60, 64, 70), seed)
    _hood(sheet)
    sheet.draw.polygon(
        [(60, 980), (560, 900), (560, 1060), (60, 1120)],
        fill=(196, 92, 30),
        outline=(90, 40, 10),
        width=8,
    )
    lean = sheet.random.randint(-30, 30)
    sheet.draw.rounded_rectangle(
        [1500, 700 + lean, 2240, 1260 + lean],
        50,
        fill=(30, 60, 58),
        outline=(180, 186, 190),
        width=12,
    )
    sheet.draw.rounded_rectangle([1570, 770 + lean, 2170, 1010 + lean], 20, fill=(180, 198, 170))
    sheet.draw.text((1600, 800 + lean), reading, font=_font(170, 700), fill=(16, 26, 14))
    sheet.draw.text((2150, 1030 + lean), "m/s", font=_font(90), fill=(230, 234, 236), anchor="ra")
    sheet.draw.line([(1500, 980 + lean), (1180, 1010)], fill=(20, 20, 20), width=16)
    sheet.label("风机 20 m/s  blower", (120, 620), (300, 990))
    sheet.label("出口 outlet", (900, 1340), (1180, 1010))
    return sheet.finish(unit)


def weave(unit: str, seed: int) -> Image.Image:
    """A twill of carbon fibre, close up."""
    sheet = Sheet((20, 20, 22), seed)
    size = 60
    for row in range(SIZE[1] // size + 1):
        for column in range(SIZE[0] // size + 1):
            over = (row + column) % 4 < 2
            tone = (58 if over else 24) + sheet.random.randint(-6, 6)
            box = [column * size, row * size, column * size + size - 3, row * size + size - 3]
            sheet.draw.rectangle(box, fill=(tone, tone, tone + 3))
            for thread in range(0, size, 10):
                fibre = tone + (8 if thread % 20 else -6)
                ends = (
                    [(box[0], box[1] + thread), (box[2], box[1] + thread)]
                    if over
                    else [(box[0] + thread, box[1]), (box[0] + thread, box[3])]
                )
                sheet.draw.line(ends, fill=(fibre, fibre, fibre + 2), width=2)
    sheet.soften(1.2)
    sheet.label("2×2 斜纹 twill", (160, 160), (900, 700))
    return sheet.finish(unit)


def receipt(unit: str, seed: int) -> Image.Image:
    """The payment for the option, redrawn without anything personal."""
    lines = (
        "支付成功",
        "远岫汽车销售有限公司（虚构）",
        "选装：双风道碳纤维前舱盖",
        "¥ 42,000.00",
        "订单号 ████████",
        "付款人 ████",
    )
    return page(unit, seed, lines)


def page(unit: str, seed: int, lines: tuple[str, ...]) -> Image.Image:
    """Six lines of a screen or a paper, the first and the fourth large, redrawn without anything
    personal."""
    sheet = Sheet((236, 236, 232), seed)
    for number, line in enumerate(lines):
        sheet.draw.text(
            (300, 240 + 190 * number),
            line,
            font=_font(110 if number in (0, 3) else 80, 600),
            fill=(24, 26, 30),
        )
    return sheet.finish(unit)


def jpeg(image: Image.Image, *, taken: date | None = None) -> bytes:
    """As a JPEG. With `taken` it carries what a phone would write: camera, time, and place."""
    file = io.BytesIO()
    if taken is None:
        image.save(file, "JPEG", quality=88)
        return file.getvalue()
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0132] = (
        "Drawn",
        "Reconstruction 1",
        f"{taken:%Y:%m:%d} 10:30:00",
    )
    detail = exif.get_ifd(0x8769)
    detail[0x9003] = f"{taken:%Y:%m:%d} 10:30:00"
    place = exif.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "N", _PLACE[0], "E", _PLACE[1]
    image.save(file, "JPEG", quality=88, exif=exif)
    return file.getvalue()


def png(image: Image.Image) -> bytes:
    """As a PNG at half the size: a close-up full of detail."""
    file = io.BytesIO()
    image.resize((SIZE[0] // 2, SIZE[1] // 2)).save(file, "PNG", compress_level=4)
    return file.getvalue()
