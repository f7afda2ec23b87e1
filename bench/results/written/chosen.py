"""Which rows of a table are wanted, by the names that stand in them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import pandas as pd

from bench.core.errors import UsageError, closest


@dataclass(frozen=True)
class Chosen:
    """Names by column; a column without names is not looked at."""

    task: tuple[str, ...] = ()
    protocol: tuple[str, ...] = ()
    method: tuple[str, ...] = ()
    backbone: tuple[str, ...] = ()

    def of(self, table: pd.DataFrame) -> pd.DataFrame:
        """The rows that have the names, of the table of all.

        Raises:
            UsageError: a name that no row has; it gives the closest of those that there are.
        """
        for column, wanted in self.wanted.items():
            known = sorted(set(table[column])) if len(table) else []
            for name in wanted:
                if name not in known:
                    there = ", ".join(known) or "none"
                    raise UsageError(f"No records of the {column} {name!r}.{closest(name, known)} There are: {there}.")
        found = self.among(table)
        if len(table) and found.empty:
            asked = "; ".join(f"{column} {', '.join(names)}" for column, names in self.wanted.items())
            raise UsageError(f"No records of {asked} together; each is there with others.")
        return found

    def among(self, table: pd.DataFrame) -> pd.DataFrame:
        """The same of a part of the table, which may have none."""
        for column, wanted in self.wanted.items():
            if column in table:
                table = table[table[column].isin(wanted)]
        return table

    @property
    def wanted(self) -> dict[str, tuple[str, ...]]:
        """Column -> names, of the columns that have names."""
        names = {field.name: getattr(self, field.name) for field in fields(self)}
        return {column: wanted for column, wanted in names.items() if wanted}
