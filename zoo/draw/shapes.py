"""What a drawing is made of: boxes, texts, lines and circles in pixels, the same for SVG and PNG."""

from __future__ import annotations

from dataclasses import dataclass, replace

from zoo.draw.style import INK, WIRE, text_width


@dataclass(frozen=True)
class Box:
    x: float
    y: float
    w: float
    h: float
    fill: str
    edge: str
    radius: float = 4.0
    ref: str = ""

    def moved(self, dx: float, dy: float) -> Box:
        return replace(self, x=self.x + dx, y=self.y + dy)


@dataclass(frozen=True)
class Text:
    """A text on the baseline `y`; `room` is the span of x it must stay in."""

    x: float
    y: float
    words: str
    size: float
    room: tuple[float, float]
    bold: bool = False
    anchor: str = "middle"  # "start" | "middle" | "end"
    colour: str = INK
    ref: str = ""

    @property
    def width(self) -> float:
        return text_width(self.words, self.size, self.bold)

    @property
    def left(self) -> float:
        return self.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor] * self.width

    def moved(self, dx: float, dy: float) -> Text:
        return replace(self, x=self.x + dx, y=self.y + dy, room=(self.room[0] + dx, self.room[1] + dx))


@dataclass(frozen=True)
class Line:
    """A polyline of horizontal and vertical parts with rounded corners, maybe with an arrow at its end."""

    points: tuple[tuple[float, float], ...]
    arrow: bool = True
    colour: str = WIRE
    ref: str = ""

    def moved(self, dx: float, dy: float) -> Line:
        return replace(self, points=tuple((x + dx, y + dy) for x, y in self.points))


@dataclass(frozen=True)
class Circle:
    x: float
    y: float
    r: float
    fill: str
    edge: str
    ref: str = ""

    def moved(self, dx: float, dy: float) -> Circle:
        return replace(self, x=self.x + dx, y=self.y + dy)


Mark = Box | Text | Line | Circle


@dataclass(frozen=True)
class Drawing:
    """A page: its size in pixels, its marks in the order they are painted, and what each `ref` stands for."""

    width: float
    height: float
    marks: tuple[Mark, ...]
    title: str
    refs: dict[str, str]  # ref -> tooltip
