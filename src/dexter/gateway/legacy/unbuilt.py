"""Explanations and their models: earlier Dexters had them, this one does not yet, and says so instead of inventing."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from dexter.gateway.requested import AsCaller, Strict, gateway_of
from dexter.gateway.runtime import NotConfigured

routes = APIRouter(prefix="/api/v1", include_in_schema=False)

NOT_CONFIGURED = "Explanation is not configured: this Dexter has no language model."


class Models(BaseModel):
    """The language models there are: none."""

    model_config = ConfigDict(protected_namespaces=())

    models: list[str] = Field(max_length=0)
    current_model: None
    ollama_status: Literal["not_configured"]
    error: str


class Status(BaseModel):
    """What is configured."""

    sentry_api_token_configured: bool
    ollama_connection_status: Literal["not_configured"]
    ollama_model_configured: None


class ModelChoice(Strict):
    """Which model to use from now on."""

    model_config = ConfigDict(protected_namespaces=())

    model_name: Annotated[str, Field(min_length=1, max_length=200)]


class ExplanationRequest(BaseModel):
    """What to explain."""

    model_config = ConfigDict(extra="ignore")

    event_data: dict[str, Any] | None = None
    event_id: str | None = None
    error_type: str | None = None
    error_message: str | None = None
    retry_count: int | None = None
    model: str | None = None


class ExplanationNotConfigured(NotConfigured):
    """There is no language model to explain with."""

    remedy = "Read the event itself; nobody can configure explanations in this version of Dexter."


@routes.get("/models", name="legacy.models")
async def list_models(_: AsCaller) -> Models:
    """Say which language models there are."""
    return Models(models=[], current_model=None, ollama_status="not_configured", error=NOT_CONFIGURED)


@routes.post("/models/pull/{name}", name="legacy.pull_model", response_model=None)
async def pull_model(name: Annotated[str, Path(max_length=200)], _: AsCaller) -> None:
    """Refuse to fetch a model."""
    raise ExplanationNotConfigured(NOT_CONFIGURED)


@routes.post("/models/select", name="legacy.select_model", response_model=None)
async def select_model(choice: ModelChoice, _: AsCaller) -> None:
    """Refuse to choose a model."""
    raise ExplanationNotConfigured(NOT_CONFIGURED)


@routes.post("/explain", name="legacy.explain", response_model=None)
async def explain(asked: ExplanationRequest, _: AsCaller) -> None:
    """Refuse to explain an event; no text is made up."""
    raise ExplanationNotConfigured(NOT_CONFIGURED)


@routes.get("/status", name="legacy.status_of_parts")
async def read_status(request: Request, _: AsCaller) -> Status:
    """Say which parts are configured."""
    configured = gateway_of(request).authenticator.has_service_credential
    return Status(
        sentry_api_token_configured=configured, ollama_connection_status="not_configured", ollama_model_configured=None
    )
