"""The replay page of a run: one self-contained HTML file with every moment in it ([README](README.md))."""
