"""`POST /api/v1/events/ticket`: what opens one socket of a client that can send no header."""

# FastAPI reads the annotations at run time, so their imports stay out of type-checking blocks.

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from dexter.gateway.asgi import headers_of
from dexter.gateway.requested import AsCaller, gateway_of
from dexter.gateway.tickets import LIVES_S, Tickets

routes = APIRouter(prefix="/api/v1")


class Ticket(BaseModel):
    """A ticket, and for how many seconds it opens one socket."""

    ticket: str
    expires_in_s: float


@routes.post("/events/ticket", name="events.ticket", tags=["session"])
async def give_ticket(request: Request, response: Response, caller: AsCaller) -> Ticket:
    """Give a ticket for one `wss://…/events?ticket=…`, worth what this request shows, once and for half a minute."""
    gateway = gateway_of(request)
    response.headers["cache-control"] = "no-store"
    return Ticket(ticket=Tickets(gateway.key, gateway.clock.now).give(headers_of(request.scope)), expires_in_s=LIVES_S)
