"""How the diagrams look: colours by kind, sizes, and how wide a text is at most.

Texts are measured with the advance widths of DejaVu Sans, which is what matplotlib draws the PNG with and
which is wider than Helvetica, Arial and Liberation Sans, so that a viewer's own font never overflows a box.
"""

from __future__ import annotations

FONTS = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
INK, MUTED, WIRE = "#18181b", "#52525b", "#3f3f46"
FRAME_FILL, FRAME_EDGE, HEADER_FILL = "#fafafa", "#a1a1aa", "#e4e4e7"
BADGE_FILL, BADGE_INK = "#18181b", "#ffffff"

TITLE, HEADING, SMALL = 12.0, 12.0, 9.7  # the sizes in a box: first line, frame header, second line
NAME = 17.0  # the model's name above the page

# kind -> (fill, edge)
COLOURS = {
    "input": ("#f4f4f5", "#71717a"),
    "embedding": ("#fef3c7", "#b45309"),
    "conv": ("#dbeafe", "#1d4ed8"),
    "depthwise": ("#cffafe", "#0e7490"),
    "dense": ("#ede9fe", "#6d28d9"),
    "recurrent": ("#dcfce7", "#15803d"),
    "pool": ("#fee2e2", "#b91c1c"),
    "norm": ("#fef9c3", "#854d0e"),
    "activation": ("#fce7f3", "#be185d"),
    "shape": ("#e7e5e4", "#57534e"),
    "join": ("#ffffff", "#18181b"),
    "model": ("#e0e7ff", "#3730a3"),
    "other": ("#f1f5f9", "#334155"),
}

# DejaVu Sans, thousandths of the size: the printable ASCII characters, then EXTRA
EXTRA = "×·→←…\u2013⊕"
REGULAR = (
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636,
    636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632,
    575, 775, 752, 295, 295, 656, 557, 863, 748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685,
    611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579,
    278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
    838, 318, 838, 838, 1000, 500, 838,
)  # fmt: skip
BOLD = (
    348, 456, 521, 838, 696, 1002, 872, 306, 457, 457, 523, 838, 380, 415, 380, 365, 696, 696, 696,
    696, 696, 696, 696, 696, 696, 696, 400, 400, 838, 838, 838, 580, 1000, 774, 762, 734, 830, 683,
    683, 821, 837, 372, 372, 775, 637, 995, 837, 850, 733, 850, 770, 720, 682, 812, 774, 1103, 771,
    724, 725, 457, 365, 457, 838, 500, 500, 675, 716, 593, 716, 678, 435, 716, 712, 343, 343, 665,
    343, 1042, 712, 687, 716, 716, 493, 595, 478, 712, 652, 924, 645, 652, 582, 712, 365, 712, 838,
    838, 380, 838, 838, 1000, 500, 838,
)  # fmt: skip


def text_width(text: str, size: float, bold: bool = False) -> float:
    """An upper bound of the width of `text` in pixels; a character not in the table counts as a full em."""
    table = BOLD if bold else REGULAR
    total = 0
    for char in text:
        code = ord(char) - 32
        if 0 <= code < 95:
            total += table[code]
        else:
            total += table[95 + EXTRA.index(char)] if char in EXTRA else 1000
    return total * size / 1000
