"""Rules about the code itself: names, places, dependencies, actions, documents."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator

import pytest

from tests.repository.sources import APPS, ROOT, texts, tracked, trees

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
REQUIREMENTS = ("requirements.txt", "requirements-dev.txt")
ON_TOP = "requirements-s3.txt"


# What must not be in it


def test_no_file_names_a_place_on_someones_machine() -> None:
    # Spelled in pieces, so that this file does not find itself.
    places = re.compile(r"(?<![\w.])/(?:home|Users|ro{2}t|wor[k])/[\w.]")
    found = [
        f"{name}: {match.group()}" for name, text in texts() for match in places.finditer(text)
    ]
    assert found == []


def test_no_file_names_the_host_of_a_package_registry() -> None:
    hosts = re.compile(
        r"(?:pypi|np[m]js|pythonhoste[d])\.(?:org|com)"
        r"|--(?:extra-)?inde[x]-url|--find-link[s]|de[b]\.debian\.org"
    )
    found = [f"{name}: {match.group()}" for name, text in texts() for match in hosts.finditer(text)]
    assert found == []


def test_nothing_is_left_to_do_later() -> None:
    marks = re.compile(r"\b(?:TOD[O]|FIXM[E]|XX[X]|HAC[K])\b")
    found = [
        f"{name}: {line.strip()}"
        for name, text in texts(".py", ".html", ".css", ".md", ".toml")
        for line in text.splitlines()
        if marks.search(line)
    ]
    assert found == []


def test_what_is_made_here_is_not_kept() -> None:
    kept = [str(path.relative_to(ROOT)) for path in tracked()]
    assert [
        name
        for name in kept
        if re.search(r"^var/|^\.venv/|__pycache__|\.pyc$|\.sqlite3?$|^uv\.lock$|\.mo\.bak$", name)
    ] == []


def test_no_private_key_is_kept() -> None:
    marks = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KE[Y]-----|^PRIVATE\+KE[Y]\+", re.MULTILINE)
    assert [name for name, text in texts() if marks.search(text)] == []


# Names


def classes() -> Iterator[tuple[str, ast.ClassDef]]:
    for name, tree in trees().items():
        yield from ((name, node) for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def test_no_class_is_called_what_others_mean_something_else_by() -> None:
    forbidden = re.compile(
        r"^(?:Assertion|Evidence|Test\w*|\w*(?:Helper|Helpers|Util|Utils|Service))$"
    )
    found = [f"{name}: {node.name}" for name, node in classes() if forbidden.match(node.name)]
    assert found == []


#: Names that say nothing of what they hold: the noun is known where they would stand.
NO_NOUNS = {"one", "found", "told", "said"}


def variables(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every name that a module gives to a variable or a parameter, and where."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg


def test_a_variable_is_called_by_its_noun() -> None:
    assert [
        f"{name}:{line} {variable}"
        for name, tree in trees().items()
        for line, variable in variables(tree)
        if variable in NO_NOUNS
    ] == []


def test_a_variable_without_a_noun_would_be_found() -> None:
    """The control of the test above: each way to name a variable."""
    module = ast.parse(
        "one = found = 1\n"
        "for told, said in x: pass\n"
        "if (one := f(found=1)): pass\n"
        "def f(one, *found, told=1, **said): pass\n"
        "g = lambda one: [found for found in one]\n"
        "class A:\n    said: int\n"
        "with x as told: pass\n"
    )
    lines = {line for line, variable in variables(module) if variable in NO_NOUNS}
    assert lines == {1, 2, 3, 4, 5, 7, 8}


def test_no_room_and_no_module_is_a_drawer_for_everything() -> None:
    forbidden = {
        "core",
        "common",
        "lib",
        "util",
        "utils",
        "helper",
        "helpers",
        "misc",
        "service",
        "services",
        "manager",
        "managers",
        "site",
    }
    found = [
        name
        for name in trees()
        if forbidden & {part.removesuffix(".py") for part in name.split("/")}
    ]
    assert found == []


def test_the_rooms_are_the_ones_of_the_design() -> None:
    packages = {
        path.parent.name
        for path in tracked()
        if path.name == "__init__.py" and path.parent.parent == ROOT
    }
    assert packages == {*APPS, "tests"}


def test_models_have_no_order_of_their_own_and_no_soft_delete() -> None:
    found = []
    for name, node in classes():
        for statement in ast.walk(node):
            if isinstance(statement, ast.Assign | ast.AnnAssign):
                targets = (
                    statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                )
                names = {target.id for target in targets if isinstance(target, ast.Name)}
                if (node.name == "Meta" and "ordering" in names) or names & {
                    "is_deleted",
                    "deleted",
                    "deleted_at",
                }:
                    found.append(f"{name}:{statement.lineno}")
    assert found == []


# Actions


def actions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every public function of a module that holds actions and makes a change: it acts, or calls a
    private helper that does."""
    for name, tree in trees().items():
        if not re.search(r"/actions(?:/\w+)?\.py$", name):
            continue
        functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        yield from ((name, node) for node in functions if not node.name.startswith("_"))


def acts(function: ast.FunctionDef) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.With):
            for item in node.items:
                call = item.context_expr
                if (
                    isinstance(call, ast.Call)
                    and getattr(call.func, "attr", getattr(call.func, "id", "")) == "act"
                ):
                    return True
    return False


def test_every_action_is_keyword_only_and_says_who_acts() -> None:
    found = []
    for name, function in actions():
        if not acts(function):
            continue
        arguments = function.args
        if arguments.args or arguments.posonlyargs or arguments.vararg:
            found.append(f"{name}: {function.name} takes positional arguments")
        if "by" not in {argument.arg for argument in arguments.kwonlyargs}:
            found.append(f"{name}: {function.name} does not say by whom")
    assert found == []
    assert sum(acts(function) for _, function in actions()) > 20, "the rule looks at the actions"


def test_every_action_runs_in_one_transaction() -> None:
    found = []
    for name, function in actions():
        decorated = any("atomic" in ast.unparse(decorator) for decorator in function.decorator_list)
        if acts(function) and not decorated and "atomic(" not in ast.unparse(function):
            found.append(f"{name}: {function.name}")
    assert found == []


def test_every_public_function_among_actions_has_a_docstring() -> None:
    assert [
        f"{name}: {function.name}"
        for name, function in actions()
        if not ast.get_docstring(function)
    ] == []


def test_doors_do_not_write() -> None:
    """Views, API and forms call actions; a row written by a door would be checked, and recorded,
    differently."""
    writes = re.compile(
        r"\.objects\.(?:create|bulk_create|bulk_update|update_or_create|get_or_create)$"
        r"|\.(?:save|delete)$"
    )
    found = []
    for name, tree in trees().items():
        if not re.search(r"^(?!config/)\w+/(?:views|api|forms|admin)(?:/|\.py)", name):
            continue
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        found += [
            f"{name}:{call.lineno} {ast.unparse(call.func)}"
            for call in calls
            if writes.search(ast.unparse(call.func))
        ]
    assert found == []


def test_only_settings_read_the_environment() -> None:
    """The supervisor and the entry points hand it on to the programs that they start."""
    allowed = {
        "config/environment.py",
        "demo/__main__.py",
        "demo/supervisor.py",
        "config/wsgi.py",
        "config/celery.py",
    }
    found = []
    for name, tree in trees().items():
        if name in allowed or name.startswith("config/settings/"):
            continue
        read = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv"}
        ]
        found += [f"{name}:{node.lineno}" for node in read]
    assert found == []


# Dependencies


def test_every_dependency_says_what_it_is_for() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    wanted = [
        *PROJECT["project"]["dependencies"],
        *(
            each
            for group in PROJECT["dependency-groups"].values()
            for each in group
            if isinstance(each, str)
        ),  # others include a group
    ]
    assert len(wanted) > 40
    assert [
        each
        for each in wanted
        if not re.search(rf'^\s*"{re.escape(each)}",\s*#\s*\S', text, re.MULTILINE)
    ] == []


@pytest.mark.parametrize("name", [*REQUIREMENTS, ON_TOP])
def test_every_requirement_is_pinned_with_a_hash(name: str) -> None:
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = [
        line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    assert len(lines) > (5 if name == ON_TOP else 50)
    assert [
        line
        for line in lines
        if not re.match(r"[\w.\[\],-]+==\S+(?: ; .+?)?\s+--hash=sha256:[0-9a-f]{64}", line)
    ] == []


def pins(name: str) -> dict[str, str]:
    found = re.findall(
        r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;\\]+)", (ROOT / name).read_text(), re.MULTILINE
    )
    return {project.lower().replace("_", "-"): version for project, version in found}


def test_the_requirement_files_agree() -> None:
    demo, dev = (pins(name) for name in REQUIREMENTS)
    for smaller in (demo, pins(ON_TOP)):
        assert {
            project: (version, dev.get(project))
            for project, version in smaller.items()
            if dev.get(project) != version
        } == {}
    assert "boto3" not in demo, "who names no bucket needs no SDK"


def test_every_dependency_is_pinned() -> None:
    def project(requirement: str) -> str:
        found = re.match(r"[\w.-]+", requirement)
        assert found is not None
        return found.group().lower().replace("_", "-")

    demo, dev = (pins(name) for name in REQUIREMENTS)
    assert {project(each) for each in PROJECT["project"]["dependencies"]} - set(demo) == set()
    groups = PROJECT["dependency-groups"]
    assert {"include-group": "s3"} in groups["dev"]
    assert {
        project(each) for each in [*groups["dev"], *groups["s3"]] if isinstance(each, str)
    } - set(dev) == set()
    assert {project(each) for each in groups["s3"]} - set(pins(ON_TOP)) == set()


def test_every_ignored_rule_and_type_has_its_reason() -> None:
    bare = re.compile(
        r"#\s*(?:type: ignore(?!\[[\w,-]+\]\s+\S)|noqa(?!: [A-Z]+\d+(?:, [A-Z]+\d+)*\s+\S))"
    )
    reason_before = re.compile(r"#\s(?!noqa|type:)[^#]{8,}#\s(?:noqa|type: ignore)")
    found = [
        f"{name}:{number}"
        for name, text in texts(".py")
        for number, line in enumerate(text.splitlines(), 1)
        if bare.search(line)
        and not reason_before.search(line)
        and "/migrations/" not in name
        and not name.startswith("tests/")
    ]
    assert found == []


def test_every_module_over_five_hundred_lines_has_its_reason() -> None:
    decision = (ROOT / "docs/adr/0016-modules-over-five-hundred-lines.md").read_text()
    table = decision.split("|---|---|", 1)[1].split("\n\n", 1)[0]
    named = set()
    for row in table.strip().splitlines():
        first, *rest = re.findall(r"`([\w.]+)`", row.split("|")[1])
        package = first.rpartition(".")[0]
        named |= {first, *(name if "." in name else f"{package}.{name}" for name in rest)}
    long = {
        name.removesuffix(".py").replace("/", ".")
        for name, text in texts(".py")
        if name.split("/")[0] in APPS and "/migrations/" not in name and text.count("\n") > 500
    }
    assert named == long
