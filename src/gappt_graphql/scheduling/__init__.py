"""The rules of group appointments: plain functions over frozen records, without I/O and without a clock."""
