"""The core of AlphaPanda: values, stages, and what moves bytes around them."""

__version__ = "0.1.0"
