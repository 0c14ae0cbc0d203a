"""A run for other programs: as events, for Mermaid, Perfetto or ShiViz, as a picture, as a test. `command.export` is the door."""
