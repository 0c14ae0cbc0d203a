"""The gallery: one story a file, its recorded timeline beside it."""
