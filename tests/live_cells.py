"""Which cells of a notebook can do otherwise in a live run than in a replay."""

import ast
import symtable


def live_cells(codes):
    """Of the cells `codes`, the numbers of those that read what `LIVE` decides, of
    those whose names these need, and of the first, which sets up.

    A cell that only changes an object in place is not seen as one that others need.
    """
    cells = [[_names(part) for part in ast.parse(code).body] for code in codes]
    live, kept = {"LIVE"}, {0}
    for number, statements in enumerate(cells[1:], 1):
        for read, bound in statements:
            if read & live:
                kept.add(number)
                live |= bound
            else:
                live -= bound
    needed = set()
    for number, statements in reversed([*enumerate(cells)]):
        if number in kept or any(bound & needed for _, bound in statements):
            kept.add(number)
            for read, bound in reversed(statements):
                needed = (needed - bound) | read
    return sorted(kept)


def _names(statement):
    """The names that a statement of a module reads, and those that it binds."""
    table = symtable.symtable(ast.unparse(statement), "cell", "exec")
    bound = {
        name.get_name()
        for name in table.get_symbols()
        if name.is_assigned() or name.is_imported()
    }
    read = _read(table)
    if isinstance(statement, ast.For):  # binds them before it reads them
        read -= _stored(statement.target)
    for node in ast.walk(statement):  # `x += 1`: symtable does not say that x is read
        if isinstance(node, ast.AugAssign):
            read |= _stored(node.target)
    return read, bound


def _read(table):
    """Names of the module that are read in `table` or in a function within it."""
    own = {
        name.get_name()
        for name in table.get_symbols()
        if name.is_referenced() and (table.get_type() == "module" or name.is_global())
    }
    return own.union(*map(_read, table.get_children()))


def _stored(target):
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}
