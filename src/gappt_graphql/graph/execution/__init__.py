"""Known operations, run column by column: they answer what graphql-core would, sooner (docs/execution.md)."""
