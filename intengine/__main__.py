"""`python -m intengine`."""

from intengine.cli import main

if __name__ == "__main__":
    main(prog_name="intengine")
