"""The article record that files and Kafka carry, one JSON object each. `docs/article.schema.json` is made from it:

python -m transforms.files.schema > docs/article.schema.json
"""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

# Raised when a record of the form before would be misread.
SCHEMA_VERSION = 1


def _number_as_text(value: Any) -> Any:
    """Ids are often numbers in exports; a number is a fine id once it is text."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _readable(version: int | None) -> int | None:
    if version is not None and version > SCHEMA_VERSION:
        raise ValueError(f"{version} is newer than this program, which reads up to version {SCHEMA_VERSION}")
    return version


class SourceRecord(BaseModel):
    """Who published the article."""

    model_config = ConfigDict(extra="allow", strict=True)

    id: Annotated[str | None, BeforeValidator(_number_as_text)] = Field(None, description="Stable id of the source.")
    name: str | None = Field(None, description="As people know it.")
    domain: str | None = Field(None, description="Its web domain, without scheme.")


def _has_text(key: str) -> dict[str, Any]:
    return {"required": [key], "properties": {key: {"type": "string", "minLength": 1}}}


_TEXTS = ("body", "html", "summary", "title")


class ArticleRecord(BaseModel):
    """One article. Required: `url` or `guid`, and some text. Unknown fields are kept under `extra`."""

    model_config = ConfigDict(
        extra="allow",
        strict=True,
        title="Article",
        json_schema_extra={
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "allOf": [
                {
                    "anyOf": [
                        _has_text("url"),
                        {"required": ["guid"], "properties": {"guid": {"type": ["string", "integer"]}}},
                    ]
                },
                {"anyOf": [_has_text(key) for key in _TEXTS]},
            ],
        },
    )

    schema_version: Annotated[int | None, AfterValidator(_readable)] = Field(
        None, ge=1, json_schema_extra={"maximum": SCHEMA_VERSION}, description="Of this schema; absent: 1."
    )
    url: str | None = Field(None, description="Where the article is.")
    guid: Annotated[str | None, BeforeValidator(_number_as_text, json_schema_input_type=str | int | None)] = Field(
        None, description="The publisher's own id, where there is no URL."
    )
    title: str | None = None
    body: str | None = Field(None, description="The text, without markup.")
    html: str | None = Field(None, description="The text with markup, if there is no body.")
    summary: str | None = None
    author: str | None = Field(None, description="The byline, as written.")
    source: SourceRecord | str | None = Field(None, description="Who published it: an object, or its id or domain.")
    published: str | None = Field(None, description="ISO 8601 or RFC 2822, as written.")
    language: str | None = Field(None, description="ISO 639-1; found from the text if absent.")
    arrived: str | None = Field(
        None, description="ISO 8601: when a recorded stream first had the article; else the time of reading."
    )

    @model_validator(mode="after")
    def _complete(self) -> ArticleRecord:
        if not _said(self.url) and not _said(self.guid):
            raise ValueError("neither url nor guid is given")
        if not any(_said(text) for text in (self.body, self.html, self.summary, self.title)):
            raise ValueError("there is no text: body, html, summary and title are absent or blank")
        return self


def _said(text: str | None) -> bool:
    return bool(text and not text.isspace())


def schema_text() -> str:
    """The JSON Schema of one record, as it stands in the project."""
    return json.dumps(ArticleRecord.model_json_schema(mode="validation"), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(schema_text(), end="")
