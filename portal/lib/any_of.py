"""A lookup for one of many: `SimProfile.objects.filter(iccid__any_of=iccids)`.

`iccid__in` makes a parameter of each value, which for hundreds takes longer to write and to read than the rows to find.
"""

import json
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Lookup
from django.db.models.sql.compiler import SQLCompiler

from portal.lib.set_sql import texts


@CharField.register_lookup
class AnyOf(Lookup[Any]):
    """Takes any number of texts as one parameter; none of them finds nothing."""

    lookup_name = "any_of"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        column, values = self.process_lhs(compiler, connection)
        return f"{column} IN (SELECT value FROM json_each(%s))", (*values, json.dumps(list(self.rhs)))  # noqa: S608 - of a field

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        column, values = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s::text[])", (*values, texts(self.rhs))
