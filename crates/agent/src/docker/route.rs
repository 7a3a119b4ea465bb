//! Table: the daemon's routes, and what each needs of the plugin.
//!
//! Source: moby's `api/server/router` from 20.10 to 29. A pattern has at most one wildcard: `*` is
//! any text, slashes too (moby's `{name:.*}`); `?` is one part of the path (`{id}`).

use super::endpoints::Group;
use super::target::Target;

use Act::{
    Create, ExecCreate, ExecStart, Free, Grouped, Rename, Restart, Start, Unpause, Update, Volume,
};
use Body::{Json, Needed, Nothing, Stream};

/// What a route does, as far as the plugin cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// It only reads: always allowed, also since the plugin itself asks so.
    Free,
    /// Allowed or not as a whole, by its group.
    Grouped,
    /// `POST /containers/create`.
    Create,
    /// `POST /containers/{id}/start`.
    Start,
    /// `POST /containers/{id}/restart`.
    Restart,
    /// `POST /containers/{id}/unpause`.
    Unpause,
    /// `POST /containers/{id}/update`.
    Update,
    /// `POST /containers/{id}/rename`.
    Rename,
    /// `POST /containers/{id}/exec`.
    ExecCreate,
    /// `POST /exec/{id}/start`.
    ExecStart,
    /// `POST /volumes/create`.
    Volume,
}

/// What body a route takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    /// None that the daemon reads.
    Nothing,
    /// JSON, or nothing.
    Json,
    /// JSON without which the daemon does not do it.
    Needed,
    /// A stream that the daemon never tells the plugin, such as a tar.
    Stream,
}

/// A route of the daemon.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    /// `GET`, `POST` …
    pub(crate) method: &'static str,
    /// The path, as the table writes it.
    pub(crate) pattern: &'static str,
    /// What it does.
    pub(crate) act: Act,
    /// Who decides over it.
    pub(crate) group: Group,
    /// What body it takes.
    pub(crate) body: Body,
}

/// A request's route and the text that its wildcard stands for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Matched<'a> {
    pub(crate) route: &'static Route,
    pub(crate) name: &'a str,
}

const fn get(pattern: &'static str) -> Route {
    Route { method: "GET", pattern, act: Free, group: Group::Read, body: Nothing }
}

const fn post(pattern: &'static str, act: Act, group: Group, body: Body) -> Route {
    Route { method: "POST", pattern, act, group, body }
}

const fn other(method: &'static str, pattern: &'static str, group: Group) -> Route {
    Route { method, pattern, act: Grouped, group, body: Nothing }
}

const ROUTES: &[Route] = &[
    // The system.
    get("/_ping"),
    Route { method: "HEAD", ..get("/_ping") },
    get("/events"),
    get("/info"),
    get("/version"),
    get("/system/df"),
    post("/auth", Grouped, Group::Auth, Stream),
    // Containers.
    Route { method: "HEAD", ..get("/containers/*/archive") },
    get("/containers/json"),
    get("/containers/ps"),
    get("/containers/*/export"),
    get("/containers/*/changes"),
    get("/containers/*/json"),
    get("/containers/*/top"),
    get("/containers/*/logs"),
    get("/containers/*/stats"),
    Route { act: Grouped, group: Group::Attach, ..get("/containers/*/attach/ws") },
    get("/exec/*/json"),
    get("/containers/*/archive"),
    get("/containers/*/checkpoints"),
    post("/containers/create", Create, Group::Create, Needed),
    post("/containers/*/kill", Grouped, Group::Control, Nothing),
    post("/containers/*/pause", Grouped, Group::Control, Nothing),
    post("/containers/*/unpause", Unpause, Group::Control, Nothing),
    post("/containers/*/restart", Restart, Group::Start, Nothing),
    post("/containers/*/start", Start, Group::Start, Json),
    post("/containers/*/stop", Grouped, Group::Control, Nothing),
    post("/containers/*/wait", Grouped, Group::Control, Nothing),
    post("/containers/*/resize", Grouped, Group::Control, Nothing),
    post("/containers/*/attach", Grouped, Group::Attach, Nothing),
    post("/containers/*/exec", ExecCreate, Group::Exec, Needed),
    post("/exec/*/start", ExecStart, Group::Exec, Json),
    post("/exec/*/resize", Grouped, Group::Control, Nothing),
    post("/containers/*/rename", Rename, Group::Control, Nothing),
    post("/containers/*/update", Update, Group::Update, Needed),
    post("/containers/prune", Grouped, Group::Remove, Nothing),
    post("/commit", Grouped, Group::Commit, Json),
    other("PUT", "/containers/*/archive", Group::CopyIn),
    other("DELETE", "/containers/*/checkpoints/*", Group::Checkpoint),
    other("DELETE", "/containers/*", Group::Remove),
    post("/containers/*/checkpoints", Grouped, Group::Checkpoint, Needed),
    // Images.
    get("/images/json"),
    get("/images/search"),
    get("/images/get"),
    get("/images/*/get"),
    get("/images/*/history"),
    get("/images/*/json"),
    get("/images/*/attestations"),
    get("/distribution/*/json"),
    post("/images/load", Grouped, Group::Load, Stream),
    post("/images/create", Grouped, Group::Pull, Stream),
    post("/images/*/push", Grouped, Group::Push, Stream),
    post("/images/*/tag", Grouped, Group::Tag, Nothing),
    post("/images/prune", Grouped, Group::Remove, Nothing),
    other("DELETE", "/images/*", Group::Remove),
    // Builds. What happens inside is not visible: BuildKit speaks gRPC over a taken-over
    // connection.
    post("/build", Grouped, Group::Build, Stream),
    post("/build/prune", Grouped, Group::Remove, Nothing),
    post("/build/cancel", Grouped, Group::Control, Nothing),
    post("/session", Grouped, Group::Build, Stream),
    post("/grpc", Grouped, Group::Build, Stream),
    // Volumes.
    get("/volumes"),
    get("/volumes/*"),
    post("/volumes/create", Volume, Group::Volumes, Needed),
    post("/volumes/prune", Grouped, Group::Remove, Nothing),
    other("PUT", "/volumes/*", Group::Swarm),
    other("DELETE", "/volumes/*", Group::Remove),
    // Networks.
    get("/networks"),
    get("/networks/"),
    get("/networks/*"),
    post("/networks/create", Grouped, Group::Networks, Needed),
    post("/networks/*/connect", Grouped, Group::Networks, Needed),
    post("/networks/*/disconnect", Grouped, Group::Networks, Needed),
    post("/networks/prune", Grouped, Group::Remove, Nothing),
    other("DELETE", "/networks/*", Group::Remove),
    // Plugins: each of these can be root on the host, or take this very plugin away.
    get("/plugins"),
    get("/plugins/*/json"),
    get("/plugins/privileges"),
    other("DELETE", "/plugins/*", Group::Plugins),
    post("/plugins/*/enable", Grouped, Group::Plugins, Nothing),
    post("/plugins/*/disable", Grouped, Group::Plugins, Nothing),
    post("/plugins/pull", Grouped, Group::Plugins, Json),
    post("/plugins/*/push", Grouped, Group::Plugins, Nothing),
    post("/plugins/*/upgrade", Grouped, Group::Plugins, Json),
    post("/plugins/*/set", Grouped, Group::Plugins, Json),
    post("/plugins/create", Grouped, Group::Plugins, Stream),
    // Swarm: its containers are made by the daemon without a request that could be judged.
    get("/swarm"),
    get("/swarm/unlockkey"),
    post("/swarm/init", Grouped, Group::Swarm, Json),
    post("/swarm/join", Grouped, Group::Swarm, Json),
    post("/swarm/leave", Grouped, Group::Swarm, Nothing),
    post("/swarm/update", Grouped, Group::Swarm, Json),
    post("/swarm/unlock", Grouped, Group::Swarm, Json),
    get("/services"),
    get("/services/?"),
    get("/services/?/logs"),
    post("/services/create", Grouped, Group::Swarm, Json),
    post("/services/?/update", Grouped, Group::Swarm, Json),
    other("DELETE", "/services/?", Group::Swarm),
    get("/nodes"),
    get("/nodes/?"),
    post("/nodes/?/update", Grouped, Group::Swarm, Json),
    other("DELETE", "/nodes/?", Group::Swarm),
    get("/tasks"),
    get("/tasks/?"),
    get("/tasks/?/logs"),
    get("/secrets"),
    get("/secrets/?"),
    post("/secrets/create", Grouped, Group::Swarm, Json),
    post("/secrets/?/update", Grouped, Group::Swarm, Json),
    other("DELETE", "/secrets/?", Group::Swarm),
    get("/configs"),
    get("/configs/?"),
    post("/configs/create", Grouped, Group::Swarm, Json),
    post("/configs/?/update", Grouped, Group::Swarm, Json),
    other("DELETE", "/configs/?", Group::Swarm),
];

/// `OPTIONS` of anything tells the allowed headers and nothing else.
const OPTIONS: Route = Route { method: "OPTIONS", ..get("*") };

/// The route that the daemon takes, if it is one that is known.
pub(crate) fn route<'a>(method: &str, target: &'a Target) -> Option<Matched<'a>> {
    let path = target.path.as_str();
    if method == OPTIONS.method {
        return Some(Matched { route: &OPTIONS, name: "" });
    }
    let of_method = ROUTES.iter().filter(|route| route.method == method);
    let mut matching = of_method.filter_map(|route| {
        let name = wildcard(route.pattern, path)?;
        Some(Matched { route, name })
    });
    matching.next()
}

/// The text for which a pattern's wildcards stand, empty without one; `None` when it does not fit.
fn wildcard<'a>(pattern: &str, path: &'a str) -> Option<&'a str> {
    let Some(at) = pattern.find(['*', '?']) else { return (pattern == path).then_some("") };
    let (before, after) = (&pattern[..at], &pattern[at + 1..]);
    let rest = path.strip_prefix(before)?;
    if let Some((middle, _)) = after.split_once('*') {
        return rest.split_once(middle).map(|(name, _)| name);
    }
    let name = rest.strip_suffix(after)?;
    let is_one = !name.is_empty() && !name.contains('/');
    (pattern.as_bytes().get(at) == Some(&b'*') || is_one).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(request: &str, expect: Option<(Act, Group, &str)>) {
        let (method, uri) = request.split_once(' ').unwrap();
        let target = Target::parse(uri).unwrap();
        let found = route(method, &target);
        let found = found.map(|found| (found.route.act, found.route.group, found.name));
        assert_eq!(found, expect, "{request}");
    }

    #[test]
    fn routes_as_the_daemon_does() {
        check("POST /v1.41/containers/create?name=x", Some((Create, Group::Create, "")));
        check("POST /containers/web/start", Some((Start, Group::Start, "web")));
        check("POST /containers/a%2Fb/start", Some((Start, Group::Start, "a/b")));
        check("POST /containers/a/start/kill", Some((Grouped, Group::Control, "a/start")));
        check("POST /containers/create/start", Some((Start, Group::Start, "create")));
        check("GET /containers/create", None);
        check("GET /containers/web/json", Some((Free, Group::Read, "web")));
        check("PUT /containers/web/archive?path=/", Some((Grouped, Group::CopyIn, "web")));
        check("DELETE /containers/web", Some((Grouped, Group::Remove, "web")));
        check("DELETE /images/a/b:1", Some((Grouped, Group::Remove, "a/b:1")));
        check("POST /images/a/b/push", Some((Grouped, Group::Push, "a/b")));
        check("GET /images/get?names=a", Some((Free, Group::Read, "")));
        check("GET /networks/", Some((Free, Group::Read, "")));
        check("POST /services/create", Some((Grouped, Group::Swarm, "")));
        check("POST /services/a/b/update", None);
        check("POST /plugins/x/y/disable", Some((Grouped, Group::Plugins, "x/y")));
        check("POST /session", Some((Grouped, Group::Build, "")));
        check("OPTIONS /anything", Some((Free, Group::Read, "")));
    }

    #[test]
    fn does_not_know_what_the_daemon_does_not() {
        for request in [
            "POST /containers/web/copy",
            "POST /v1.41/v1.41/containers/create",
            "PATCH /containers/web",
            "post /containers/create",
            "POST /containers/create/",
            "GET /debug/pprof/",
            "POST /debug/vars",
            "HEAD /containers/json",
        ] {
            check(request, None);
        }
    }

    #[test]
    fn only_reading_is_free() {
        for route in ROUTES {
            let reads = matches!(route.method, "GET" | "HEAD");
            assert!(reads || route.act != Free, "{} {}", route.method, route.pattern);
        }
    }
}
