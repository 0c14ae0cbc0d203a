"""The replay page, in a real Chromium."""
