"""The long searches, in named parts: keepers on many seeds, the long tests, the proof of the zoo. `make campaign` plays them.

A part is a list of units, such as seeds, that are judged one by one on every processor. What a unit came to is kept at
once, so that a part goes on where it was stopped or killed. Never here: the keepers, the tests and the bugs themselves.
"""
