#!/usr/bin/env python3
"""Draws examples/data/line.png, the picture of a line of text that the quickstart reads. Needs Pillow and the DejaVu fonts."""
import pathlib

from PIL import Image, ImageDraw, ImageFont

TEXT = "Tenon cuts a network to fit 2026"
ROOT = pathlib.Path(__file__).resolve().parent.parent


def main():
    font = ImageFont.truetype("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", 40)
    left, top, right, bottom = font.getbbox(TEXT)
    picture = Image.new("L", (right - left + 32, bottom - top + 24), 250)
    ImageDraw.Draw(picture).text((16 - left, 12 - top), TEXT, font=font, fill=25)
    picture.save(ROOT / "examples/data/line.png", optimize=True)


if __name__ == "__main__":
    main()
