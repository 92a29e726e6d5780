"""Knowledge: documents cut into chunks, found by words and by meaning; and tables asked in SQL."""

__all__: list[str] = []
