"""`python -m scenarios.campaign` is the command of a campaign."""

import sys


def main() -> int:
    """The command; Ctrl-C is heard while it is still being brought in."""
    try:
        from scenarios.campaign import command

        return command.main()
    except KeyboardInterrupt:
        sys.stderr.write("unkindness: interrupted\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
