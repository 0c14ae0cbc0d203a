"""Who is called can be found: a part of a node is given whom it calls when it is made."""

import ast
from pathlib import Path

BACKUP = Path(__file__).parents[2] / "backup"


def assigned_calls(tree: ast.AST) -> list[str]:
    """Attributes that are assigned a function: a lambda to stand for nobody, or a method of somebody else."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Lambda | ast.Attribute):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if not isinstance(target, ast.Attribute):
                    continue
                is_outside = isinstance(target.value, ast.Attribute) and isinstance(node.value, ast.Attribute)
                is_method = is_outside and ast.unparse(node.value).startswith("self.")
                if isinstance(node.value, ast.Lambda) or is_method:
                    found.append(ast.unparse(node))
    return found


def test_no_part_is_told_afterwards_whom_it_calls() -> None:
    """No attribute in backup/ is assigned a function after construction, which "find usages" would not find."""
    for path in sorted(BACKUP.rglob("*.py")):
        assert assigned_calls(ast.parse(path.read_text())) == [], path


def test_an_assigned_call_would_be_found() -> None:
    """The control: both shapes that stood here before."""
    before = ast.parse("self.kept: Callable = lambda key: None\nself.runner.kept = self.cleaner.run_kept")
    assert len(assigned_calls(before)) == 2
