"""One thing that goes wrong in one place, and the events it sends: what a real SDK would have sent."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from string import Template
from typing import TYPE_CHECKING, Any

import yaml

from dexter.sandbox.seed import world

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

Json = dict[str, Any]


@cache
def stories() -> Mapping[str, Any]:
    """Give what can go wrong, by language."""
    text = resources.files("dexter.sandbox.seed").joinpath("stories.yaml").read_text("utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loaded: Mapping[str, Any] = yaml.load(text, loader)  # noqa: S506 - either of the two is safe
    return loaded


@dataclass(frozen=True, slots=True)
class Scene:
    """A kind of fault in a place of a project."""

    project: world.Project
    noun: str
    verb: str
    kind: Mapping[str, Any] | None
    """None for a logged message."""
    message: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    line: int = 40


def most_scenes(project: world.Project) -> int:
    """Give how many different scenes a project can have."""
    return len(world.NOUNS) * len(world.VERBS) * len(stories()[project.language]["kinds"])


def draw_scenes(rng: random.Random, project: world.Project, count: int) -> list[Scene]:
    """Give scenes that are all different from each other."""
    story = stories()[project.language]
    places = [(noun, verb) for noun in world.NOUNS for verb in world.VERBS]
    faults: list[tuple[str, str, Any]] = [(noun, verb, kind) for noun, verb in places for kind in story["kinds"]]
    # A few more than wanted: two of them may turn out to log the same message.
    chosen = rng.sample(faults, min(count + 20, len(faults)))
    scenes = [_scene(rng, project, noun, verb, kind) for noun, verb, kind in chosen]
    for index in range(0, len(scenes), 17):
        noun, verb = scenes[index].noun, scenes[index].verb
        text = story["messages"][index // 17 % len(story["messages"])]
        scenes[index] = _scene(rng, project, noun, verb, None, text)
    return list({scene_key(scene): scene for scene in scenes}.values())[:count]


def scene_key(scene: Scene) -> tuple[Any, ...]:
    """Give what makes a scene an issue of its own."""
    return scene.noun, scene.verb, id(scene.kind), scene.message if scene.kind is None else ""


def _scene(rng: random.Random, project: world.Project, noun: str, verb: str, kind: Any, message: str = "") -> Scene:
    words = {
        "noun": noun, "verb": verb, "Noun": noun.title(), "Verb": verb.title(), "noun_id": f"{noun}_id",
        "n": str(rng.randint(1, 240)), "sku": f"{noun[:3].upper()}-{rng.randint(1000, 9999)}",
        "host": rng.choice(world.HOSTS),
    }  # fmt: skip
    return Scene(project, noun, verb, kind, message, words, rng.randint(20, 420))


class Pen:
    """Fills a scene's words into texts and structures."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = dict(words)

    def __call__(self, text: str) -> str:
        return _Words(text).safe_substitute(self._words) if "$" in text else text

    def all(self, value: Any) -> Any:
        """Fill the words into every text of a structure."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, dict):
            return {self(key): self.all(item) for key, item in value.items()}
        return [self.all(item) for item in value] if isinstance(value, list) else value


class _Words(Template):
    """`$verb_$noun` must read as two words, so a name ends before an underscore or a capital."""

    idpattern = r"(?a:noun_id|[a-z]+|[A-Z][a-z]+)"
    flags = re.RegexFlag(0)


def draw_event(rng: random.Random, scene: Scene, moment: float, setting: Mapping[str, Any]) -> Json:
    """Give one event of a scene as an SDK would send it.

    `setting` holds event_id, release, environment and customer.
    """
    project, customer = scene.project, setting["customer"]
    amount = f"{rng.uniform(3, 900):.2f}"
    pen = Pen({
        **scene.words, "id": str(rng.randint(10_000, 99_999)), "uuid": f"{rng.getrandbits(128):032x}",
        "ms": str(rng.randint(900, 30_000)), "amount": amount, "email": customer["email"],
    })  # fmt: skip
    event: Json = {
        "event_id": setting["event_id"],
        "timestamp": moment,
        "platform": project.event_platform,
        "level": (scene.kind or {}).get("level") or ("error" if scene.kind else rng.choice(("warning", "info"))),
        "release": setting["release"],
        "environment": setting["environment"],
        "sdk": {"name": project.sdk, "version": project.sdk_version},
        "user": customer,
        "tags": _tags(rng, scene, customer),
        "contexts": _contexts(rng, project),
        "breadcrumbs": {"values": _breadcrumbs(rng, scene, moment, pen)},
        "extra": {"attempt": rng.randint(1, 4), "payload_bytes": rng.randint(200, 9000)},
        "transaction": _transaction(scene),
    }
    if project.language != "kotlin":
        event["request"] = _request(rng, scene, pen)
    if project.language not in ("javascript", "kotlin"):
        event["server_name"] = rng.choice(world.SERVERS)
    if scene.kind is None:
        event["logger"] = f"{project.slug}.{scene.noun}"
        event["logentry"] = {"message": pen(scene.message), "params": [str(rng.randint(2, 900))]}
    else:
        event["exception"] = {"values": _exceptions(scene, scene.kind, pen)}
    return event


def _exceptions(scene: Scene, kind: Mapping[str, Any], pen: Pen) -> list[Json]:
    unhandled = bool(kind.get("unhandled"))
    mechanism = {"type": _mechanism(scene.project, unhandled=unhandled), "handled": not unhandled}
    module = scene.project.module if scene.project.language in ("kotlin", "java") else None
    main = {
        "type": kind["type"], "value": pen(kind["value"]), "module": module, "mechanism": mechanism,
        "stacktrace": {"frames": _frames(scene, kind, pen)},
    }  # fmt: skip
    if "cause" not in kind:
        return [main]
    inner = [_library(scene.project, text, pen) for text in kind.get("inner", ())]
    cause = {"type": kind["cause"]["type"], "value": pen(kind["cause"]["value"]), "stacktrace": {"frames": inner}}
    return [{**cause, "mechanism": {"type": "chained", "handled": not unhandled}}, main]


def _mechanism(project: world.Project, *, unhandled: bool) -> str:
    if not unhandled:
        return "generic"
    return {
        "python": "django", "javascript": "onerror", "node": "middleware", "kotlin": "UncaughtExceptionHandler",
        "java": "HandlerExceptionResolver", "go": "recover", "ruby": "rails",
    }[project.language]  # fmt: skip


def _frames(scene: Scene, kind: Mapping[str, Any], pen: Pen) -> list[Json]:
    story = stories()[scene.project.language]
    outer = [_library(scene.project, text, pen) for text in story["outer"]]
    lines = story["caller"]
    caller = _own(scene, "caller", {"before": lines[:2], "line": lines[2], "after": lines[3:]}, scene.line // 2, pen)
    site = _own(scene, "site", kind, scene.line, pen)
    return [*outer, caller, site, *(_library(scene.project, text, pen) for text in kind.get("inner", ()))]


def _library(project: world.Project, text: str, pen: Pen) -> Json:
    module, filename, function, line, source = (part.strip(" ") for part in text.split("|", 4))
    frame: Json = {
        "filename": filename, "abs_path": _library_path(project, filename), "function": function, "lineno": int(line),
        "in_app": False,
    }  # fmt: skip
    if module:
        frame["module"] = module
    if source:
        frame["context_line"] = source
    return frame


def _library_path(project: world.Project, filename: str) -> str:
    if project.language == "python":
        return f"/usr/local/lib/python3.13/site-packages/{filename}"
    return filename


def _own(scene: Scene, role: str, source: Mapping[str, Any], number: int, pen: Pen) -> Json:
    filename, module, function = _place(scene, role)
    story = stories()[scene.project.language]
    frame: Json = {
        "filename": filename,
        "abs_path": f"/srv/{scene.project.slug}/{filename}" if scene.project.root else filename,
        "function": function,
        "lineno": number,
        "in_app": True,
        "pre_context": [pen(text) for text in (*story["above"], *source.get("before", ()))][-5:],
        "context_line": pen(source["line"]),
        "post_context": [pen(text) for text in (*source.get("after", ()), *story["below"])][:5],
    }
    if module:
        frame["module"] = module
    if scene.project.language in ("javascript", "node"):
        frame["colno"] = 5 + len(source["line"]) % 40
    if scene.project.language in ("python", "node", "ruby"):
        frame["vars"] = {**pen.all(_VARS[role]), **pen.all(source.get("vars", {}))}
    return frame


_VARS: Mapping[str, Json] = {
    "caller": {"request": "<Request POST /${noun}s/$id>", "id": "$id", "payload": {"reference": "$uuid"}},
    "site": {"attempt": "1", "locale": "'en'"},
}
"""Local variables that any frame of the role has, in languages whose SDK sends them."""


def _place(scene: Scene, role: str) -> tuple[str, str | None, str]:
    """Give file, module and function of an in-app frame in its language's habits."""
    noun, verb, project = scene.noun, scene.verb, scene.project
    big_noun, big_verb, caller = noun.title(), verb.title(), role == "caller"
    match project.language:
        case "python":
            part = "views" if caller else verb
            return f"shop/{noun}/{part}.py", f"shop.{noun}.{part}", "post" if caller else f"{verb}_{noun}"
        case "javascript":
            part = f"components/{big_noun}Panel.jsx" if caller else f"features/{noun}/{verb}.js"
            return f"./src/{part}", None, f"{big_noun}Panel" if caller else f"{verb}{big_noun}"
        case "node":
            part = f"routes/{noun}.ts" if caller else f"services/{noun}/{verb}.ts"
            return f"src/{part}", f"{part[:-3].replace('/', '.')}", "<anonymous>" if caller else f"{verb}{big_noun}"
        case "kotlin":
            kind = "Fragment" if caller else "Repository"
            return (
                f"{big_noun}{kind}.kt",
                f"com.acme.shop.{noun}.{big_noun}{kind}",
                "onViewCreated" if caller else f"{verb}{big_noun}",
            )
        case "java":
            kind = "Controller" if caller else "Service"
            return (
                f"{big_noun}{kind}.java",
                f"com.acme.billing.{noun}.{big_noun}{kind}",
                "post" if caller else f"{verb}{big_noun}",
            )
        case "go":
            part = "handler.go" if caller else "service.go"
            owner = "(*Handler)" if caller else "(*Service)"
            return f"internal/{noun}/{part}", f"acme.example/edge/internal/{noun}", f"{owner}.{big_verb}"
        case _:
            part = f"app/controllers/{noun}s_controller.rb" if caller else f"app/services/{noun}_service.rb"
            return part, None, verb


def _transaction(scene: Scene) -> str | None:
    noun, verb = scene.noun, scene.verb
    return {
        "python": f"/api/{noun}s/{{pk}}/{verb}", "javascript": None, "node": f"POST /{noun}s/:id/{verb}",
        "kotlin": f"{noun.title()}Activity", "java": f"POST /{noun}s/{{id}}/{verb}",
        "go": f"POST /{noun}s/{{id}}/{verb}", "ruby": f"{noun.title()}sController#{verb}",
    }[scene.project.language]  # fmt: skip


_PAYLOAD = {"reference": "$uuid", "amount": "$amount", "lines": [{"sku": "$sku", "quantity": 2}]}


def _request(rng: random.Random, scene: Scene, pen: Pen) -> Json:
    browser = scene.project.language == "javascript"
    base = "https://shop.acme.example" if browser else f"https://{scene.project.slug}.acme.example"
    return {
        "url": pen(f"{base}/{scene.noun}s" + ("" if browser else f"/$id/{scene.verb}")),
        "method": "GET" if browser else "POST",
        "query_string": f"page={rng.randint(1, 9)}&sort=newest" if rng.random() < 0.5 else "",
        "headers": {
            "User-Agent": rng.choice(world.AGENTS), "Accept": "application/json", "Content-Type": "application/json",
            "Referer": f"https://shop.acme.example/{scene.noun}s", "X-Request-Id": pen("$uuid"),
        },
        "cookies": None if browser else {"locale": "en"},
        "data": None if browser else pen.all(_PAYLOAD),
        "env": None if browser else {"SERVER_NAME": "acme.example", "SERVER_PORT": "443", "REMOTE_ADDR": "203.0.113.7"},
    }  # fmt: skip


def _tags(rng: random.Random, scene: Scene, customer: Mapping[str, Any]) -> Json:
    return {
        "region": rng.choice(world.REGIONS), "plan": customer["plan"], "feature": scene.noun,
        "customer_tier": "key" if customer["plan"] == "enterprise" else "normal",
    }  # fmt: skip


def _contexts(rng: random.Random, project: world.Project) -> Json:
    contexts: Json = {
        "trace": {
            "trace_id": f"{rng.getrandbits(128):032x}",
            "span_id": f"{rng.getrandbits(64):016x}",
            "op": "http.server",
        }
    }
    runtimes = {
        "python": ("CPython", "3.13.1"), "node": ("node", "v22.14.0"), "go": ("go", "go1.24.2"),
        "ruby": ("ruby", "3.3.6"), "java": ("OpenJDK", "21.0.5"),
    }  # fmt: skip
    if project.language in runtimes:
        name, version = runtimes[project.language]
        contexts["runtime"] = {"name": name, "version": version}
        contexts["os"] = {"name": "Linux", "version": "6.8.0", "kernel_version": "6.8.0-51-generic"}
    if project.language == "kotlin":
        model, brand, system = rng.choice(world.PHONES)
        contexts["os"] = {"name": "Android", "version": system, "rooted": False}
        contexts["device"] = {
            "model": model, "family": model.split()[0], "brand": brand, "arch": "arm64-v8a",
            "orientation": "portrait", "battery_level": float(rng.randint(4, 100)),
            "free_memory": rng.randint(200, 4000) * 1_000_000,
            "simulator": False, "online": True,
        }  # fmt: skip
        contexts["app"] = {"app_identifier": "com.acme.shop", "app_name": "Shop", "in_foreground": True}
    return contexts


def _breadcrumbs(rng: random.Random, scene: Scene, moment: float, pen: Pen) -> list[Json]:
    screen = scene.project.language in ("javascript", "kotlin")
    made = _screen_crumbs(rng, scene) if screen else _server_crumbs(rng, scene, pen)
    start = moment - rng.uniform(4, 40)
    step = (moment - start) / (len(made) + 1)
    return [{"timestamp": start + step * index, "level": "info", **crumb} for index, crumb in enumerate(made, 1)]


def _screen_crumbs(rng: random.Random, scene: Scene) -> list[Json]:
    noun, verb = scene.noun, scene.verb
    url, failure = f"/api/{noun}s", rng.choice((409, 500, 502))
    return [
        {"type": "navigation", "category": "navigation", "data": {"from": "/", "to": f"/{noun}s"}},
        {"type": "http", "category": "fetch", "data": {"method": "GET", "url": url, "status_code": 200}},
        {"type": "user", "category": "ui.click", "message": f"button.{verb}[aria-label='{verb} {noun}']"},
        {"category": "console", "level": "warning", "message": f"{noun} list rendered without keys"},
        {"type": "http", "category": "xhr", "level": "error",
         "data": {"method": "POST", "url": url, "status_code": failure}},
    ]  # fmt: skip


def _server_crumbs(rng: random.Random, scene: Scene, pen: Pen) -> list[Json]:
    noun, verb, logger = scene.noun, scene.verb, f"{scene.project.slug}.{scene.noun}"
    status = rng.choice((200, 200, 404, 503))
    statement = f"SELECT * FROM {noun}s WHERE id = %s"  # noqa: S608 - a picture of a statement
    return [
        {"category": "query", "message": statement, "data": {"duration_ms": rng.randint(1, 90)}},
        {"type": "http", "category": "httplib",
         "data": {"method": "GET", "url": pen(f"https://$host/{noun}s"), "status_code": status}},
        {"category": logger, "message": pen(f"{verb} {noun} $id for $email")},
        {"category": "cache", "level": "debug", "message": pen(f"miss {noun}:$id")},
        {"category": logger, "level": "warning", "message": f"retrying to {verb} the {noun}"},
    ]  # fmt: skip
