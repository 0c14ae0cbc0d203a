"""The test suite of MIT's course 6.5840, lab 3 (Raft), as stories: its scenarios and its expectations, our nodes."""
