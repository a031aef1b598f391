"""`python -m gappt_graphql` is the command."""

from gappt_graphql.cli import main

if __name__ == "__main__":
    main()
