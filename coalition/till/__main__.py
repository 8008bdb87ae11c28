"""`python -m coalition.till`."""

from coalition.till.command import main

if __name__ == "__main__":
    main()
