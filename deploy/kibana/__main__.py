"""`python -m deploy.kibana build | check | install | draw`: see docs/kibana.md."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from deploy.kibana import boards, check, files, names, published
from deploy.kibana.client import Address, Kibana
from deploy.kibana.install import install as put_all
from deploy.kibana.install import plan
from deploy.kibana.source import load
from transforms.errors import DataError, MissingPart

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
PrefixOption = Annotated[str, typer.Option(help="What the names of the indices begin with.")]
UrlOption = Annotated[str, typer.Option(help="Where it is, such as http://127.0.0.1:5601.")]


@app.command()
def build() -> None:
    """Makes export/ anew from the YAML."""
    changed = files.write(files.made(load()))
    print("\n".join(f"wrote {name}" for name in changed) or "export/ is what the source gives")


@app.command("check")
def look(
    openapi: Annotated[Path | None, typer.Option(help="Kibana's own OpenAPI file, to check against.")] = None,
) -> None:
    """Finds what does not fit the mappings, the models of Kibana's objects, or export/."""
    source = load()
    found = check.problems(source)
    if not found:
        found = [f"export/{name} is not what the source gives; run build" for name in files.stale(files.made(source))]
    if openapi:
        found += published.problems(openapi, {board.id: boards.payload(names.PREFIX, board) for board in source.boards})
    print("\n".join(found) or "all fits")
    raise typer.Exit(1 if found else 0)


@app.command()
def install(
    url: UrlOption,
    space: Annotated[str, typer.Option(help="The space to install into; the default one if none is given.")] = "",
    prefix: PrefixOption = names.PREFIX,
    via: Annotated[Literal["auto", "api", "import"], typer.Option(help="How dashboards get in.")] = "auto",
    ca: Annotated[str, typer.Option(help="A file with the certificate authority to trust.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")] = False,
) -> None:
    """Installs data views, saved searches, dashboards and alerting rules; run again, it brings them up to date."""
    source = load()
    with Kibana(Address.of(url, space, ca)) as kibana:
        if dry_run:
            plan(source, prefix, print, kibana.version(), via)
            return
        failed = put_all(kibana, source, prefix, print, via)
    for line in failed:
        print(f"failed: {line}", file=sys.stderr)
    raise typer.Exit(1 if failed else 0)


@app.command()
def draw(
    url: Annotated[str, typer.Option(help="Where Elasticsearch is, with documents in it.")],
    out: Annotated[Path, typer.Option(help="The folder for the pictures.")] = Path("docs/shots"),
    prefix: PrefixOption = names.PREFIX,
) -> None:
    """Draws a picture of each dashboard from the answers to its own queries."""
    from deploy.kibana.draw import pictures

    for name, picture in pictures(load(), url, prefix).items():
        path = out / f"kibana-{name}.svg"
        path.write_text(picture, "utf-8")
        print(f"wrote {path}")


def main() -> None:
    """Runs a command; exit codes are those of `python -m pipeline`."""
    try:
        app()
    except DataError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except MissingPart as error:
        print(error, file=sys.stderr)
        sys.exit(3)


if __name__ == "__main__":
    main()
