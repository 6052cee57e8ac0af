"""`python -m mutua` is the `mutua` command."""

from mutua.cli.main import main

if __name__ == "__main__":
    main()
