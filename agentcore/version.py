"""The library's version, where parts of the library can read it."""

__all__ = ["__version__"]

__version__ = "0.1.0"
