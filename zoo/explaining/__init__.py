"""What a net sees: its most confident mistakes."""

from zoo.explaining.mistakes import Mistake, mistakes

__all__ = ["Mistake", "mistakes"]
