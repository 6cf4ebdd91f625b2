"""Which cells of a notebook can do otherwise in a live run than in a replay."""

import ast
import symtable


def live_cells(codes):
    """Of the cells `codes`, the numbers of those that read what `LIVE` decides, of
    those whose names these need, and of the first, which sets up.

    A cell that only changes an object in place is not seen as one that others need.
    """
    names = [_of_cell(code) for code in codes]
    live, kept = {"LIVE"}, {0}
    for number, (read, bound) in enumerate(names[1:], 1):
        if read & live:
            kept.add(number)
            live |= bound
        else:
            live -= bound
    needed = set()
    for number, (read, bound) in reversed([*enumerate(names)]):
        if number in kept or bound & needed:
            kept.add(number)
            needed = (needed - bound) | read
    return sorted(kept)


def _of_cell(code):
    """The names that a cell reads before it binds them, and those that it binds."""
    read, bound = set(), set()
    for statement in ast.parse(code).body:
        table = symtable.symtable(ast.unparse(statement), "cell", "exec")
        changed = {  # `x += 1`, which symtable does not call a reading of x
            node.target.id
            for node in ast.walk(statement)
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
        }
        read |= (_read(table) | changed) - bound
        bound |= {
            name.get_name()
            for name in table.get_symbols()
            if name.is_assigned() or name.is_imported()
        }
    return read, bound


def _read(table):
    """Names of the module that are read in `table` or in a function within it."""
    own = {
        name.get_name()
        for name in table.get_symbols()
        if name.is_referenced() and (table.get_type() == "module" or name.is_global())
    }
    return own.union(*map(_read, table.get_children()))
