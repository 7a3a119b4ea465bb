//! `fd.*` and `fs.path.*`: the file or socket that an event is about.

use std::net::IpAddr;

use model::{Call, Connection, EventKind, FileObject, IoUring, Peer, SocketFamily};
use policy::filter::Value;

use super::{Observed, arguments, event};

const S_IFMT: u32 = 0o170_000;
const S_IFDIR: u32 = 0o040_000;
/// `openat` and `openat2`, as `linux/io_uring.h` numbers them.
const OPENS_OF_RINGS: [u8; 2] = [18, 28];

pub(super) fn value<'a>(seen: &'a Observed<'_>, name: &str) -> Option<Value<'a>> {
    if let EventKind::IoUring(request) = &seen.event.kind {
        return of_request(request, &seen.process.cwd, name);
    }
    let call = event::call(seen)?;
    if let Some(path) = name.strip_prefix("fs.path.") {
        return fs_path(call, path);
    }
    match name {
        "fd.num" => return number(call).map(Value::Int),
        "fd.nameraw" => return text(&call.claimed),
        _ => {}
    }
    match (&call.connection, file(call)) {
        (Some(connection), _) => of_socket(call, connection, name),
        (None, Some(object)) => of_file(call, object, name),
        // A failed open has no object: the claim is all there is.
        (None, None) if event::opened(call).is_some() => of_claim(call, name),
        (None, None) => None,
    }
}

/// The file that an event is about, when it is about one.
pub(super) fn object<'a>(seen: &Observed<'a>) -> Option<&'a FileObject> {
    file(event::call(seen)?)
}

/// The file of a call, when the call itself is about one.
pub(super) fn object_of(call: &Call) -> Option<&FileObject> {
    file(call)
}

/// The file of a call that has a descriptor; the directory of `renameat` and the like is not it.
fn file(call: &Call) -> Option<&FileObject> {
    let has_descriptor = event::opened(call).is_some()
        || matches!(
            call.name.as_str(),
            "fchmod"
                | "fchown"
                | "ftruncate"
                | "fchdir"
                | "dup"
                | "dup2"
                | "dup3"
                | "setns"
                | "finit_module"
                | "memfd_create"
                | "pidfd_getfd"
                | "splice"
        );
    call.object.as_ref().filter(|_| has_descriptor)
}

fn number(call: &Call) -> Option<i64> {
    match call.name.as_str() {
        "open" | "openat" | "openat2" | "creat" | "accept" | "accept4" | "socket" | "dup"
        | "dup2" | "dup3" | "memfd_create" | "pidfd_getfd" | "open_by_handle_at" => Some(call.ret),
        _ if call.connection.is_some() || file(call).is_some() => {
            Some(i64::from(call.arguments[0] as i32))
        }
        _ => None,
    }
}

fn text(text: &str) -> Option<Value<'_>> {
    (!text.is_empty()).then(|| Value::from(text))
}

fn of_file<'a>(call: &'a Call, object: &'a FileObject, name: &str) -> Option<Value<'a>> {
    let (folder, leaf) = split(&object.path);
    let directory = object.mode & S_IFMT == S_IFDIR;
    match name {
        "fd.name" => Some(Value::from(object.path.as_str())),
        "fd.type" => Some(Value::from(if directory { "directory" } else { "file" })),
        "fd.typechar" => Some(Value::from(if directory { "d" } else { "f" })),
        "fd.directory" => Some(Value::from(folder)),
        "fd.filename" => Some(Value::from(leaf)),
        "fd.ino" => Some(Value::Int(object.inode as i64)),
        "fd.dev" => Some(Value::Int(i64::from(object.device))),
        "fd.is_upper_layer" => Some(Value::Bool(object.flags.upper_layer)),
        "fd.is_lower_layer" => Some(Value::Bool(!object.flags.upper_layer)),
        "fd.name_changed" => Some(Value::Bool(false)),
        "fd.uid" => Some(Value::from(format!("{}{}", call.ret, object.inode))),
        _ => None,
    }
}

/// What is asked of a ring to be opened, where its end is not told: by the path alone.
fn of_request<'a>(request: &'a IoUring, cwd: &str, name: &str) -> Option<Value<'a>> {
    if !OPENS_OF_RINGS.contains(&request.opcode) || request.claimed.is_empty() {
        return None;
    }
    match name {
        "fd.nameraw" => text(&request.claimed),
        "fd.name" if request.claimed.starts_with('/') => {
            Some(Value::from(policy::clean_path(&request.claimed)))
        }
        "fd.name" => Some(Value::from(policy::clean_path(&format!("{cwd}/{}", request.claimed)))),
        _ => None,
    }
}

fn of_claim<'a>(call: &'a Call, name: &str) -> Option<Value<'a>> {
    let path = arguments::absolute(call, &call.claimed)?;
    match name {
        "fd.name" => Some(path),
        "fd.type" => Some(Value::from("file")),
        "fd.typechar" => Some(Value::from("f")),
        "fd.directory" => Some(Value::from(split(&path.render()).0.to_owned())),
        "fd.filename" => Some(Value::from(split(&path.render()).1.to_owned())),
        _ => None,
    }
}

/// The two ends of a connection, the client first.
fn ends<'a>(call: &'a Call, connection: &'a Connection) -> (Option<&'a Peer>, Option<&'a Peer>) {
    let remote = connection.remote.as_ref().or(call.address.as_ref());
    let local = connection.local.as_ref();
    match call.name.as_str() {
        "accept" | "accept4" => (remote, local),
        "listen" | "bind" => (None, local.or(call.address.as_ref())),
        _ => (local, remote),
    }
}

fn of_socket<'a>(call: &'a Call, connection: &'a Connection, name: &str) -> Option<Value<'a>> {
    let (client, server) = ends(call, connection);
    let remote = connection.remote.as_ref().or(call.address.as_ref());
    let local = connection.local.as_ref();
    let ip = |peer: Option<&Peer>| address(peer).map(|(ip, _)| Value::Ip(ip));
    let port = |peer: Option<&Peer>| address(peer).map(|(_, port)| Value::Int(i64::from(port)));
    let both = |one: Option<Value<'a>>, other: Option<Value<'a>>| {
        let values: Vec<Value<'a>> = one.into_iter().chain(other).collect();
        (!values.is_empty()).then_some(Value::List(values))
    };
    match name {
        "fd.type" => Some(Value::from(family(connection.family).0)),
        "fd.typechar" => Some(Value::from(family(connection.family).1)),
        "fd.sockfamily" => Some(Value::from(match connection.family {
            SocketFamily::Unix => "unix",
            _ => "ip",
        })),
        "fd.name" => Some(Value::from(tuple(client, server))),
        "fd.l4proto" => Some(Value::from(match (connection.protocol, connection.kind) {
            (6, _) | (_, 1) => "tcp",
            (17, _) | (_, 2) => "udp",
            (1 | 58, _) => "icmp",
            _ => "raw",
        })),
        "fd.ip" | "fd.net" => both(ip(client), ip(server)),
        "fd.port" => both(port(client), port(server)),
        "fd.cip" | "fd.cnet" => ip(client),
        "fd.sip" | "fd.snet" => ip(server),
        "fd.lip" | "fd.lnet" => ip(local),
        "fd.rip" | "fd.rnet" => ip(remote),
        "fd.cport" => port(client),
        "fd.sport" => port(server),
        "fd.lport" => port(local),
        "fd.rport" => port(remote),
        "fd.is_server" => {
            Some(Value::Bool(matches!(call.name.as_str(), "accept" | "accept4" | "listen")))
        }
        "fd.connected" => Some(Value::Bool(connection.state == 1 || call.ret == 0)),
        "fd.name_changed" => {
            let changes = ["connect", "sendto", "sendmsg", "sendmmsg"];
            Some(Value::Bool(changes.contains(&call.name.as_str())))
        }
        "fd.ino" => Some(Value::Int(connection.inode as i64)),
        _ => None,
    }
}

fn address(peer: Option<&Peer>) -> Option<(IpAddr, u16)> {
    match peer {
        Some(Peer::Ip(ip, port)) => Some((*ip, *port)),
        _ => None,
    }
}

fn tuple(client: Option<&Peer>, server: Option<&Peer>) -> String {
    let one = |peer: &Peer| match peer {
        Peer::Ip(IpAddr::V6(ip), port) => format!("[{ip}]:{port}"),
        Peer::Ip(ip, port) => format!("{ip}:{port}"),
        Peer::Unix(path) => path.clone(),
    };
    match (client, server) {
        (Some(client), Some(server)) => format!("{}->{}", one(client), one(server)),
        (Some(one_end), None) | (None, Some(one_end)) => one(one_end),
        (None, None) => String::new(),
    }
}

fn family(family: SocketFamily) -> (&'static str, &'static str) {
    match family {
        SocketFamily::Ipv4 => ("ipv4", "4"),
        SocketFamily::Ipv6 => ("ipv6", "6"),
        SocketFamily::Unix => ("unix", "u"),
        SocketFamily::Netlink => ("netlink", "n"),
        SocketFamily::Packet => ("packet", "k"),
        SocketFamily::Other(_) | SocketFamily::None => ("unsupported", "?"),
    }
}

/// Folder and leaf.
fn split(path: &str) -> (&str, &str) {
    match path.rsplit_once('/') {
        Some(("", leaf)) => ("/", leaf),
        Some((folder, leaf)) => (folder, leaf),
        None => ("", path),
    }
}

fn fs_path<'a>(call: &'a Call, part: &str) -> Option<Value<'a>> {
    let first = arguments::absolute(call, &call.claimed);
    let second = arguments::absolute(call, &call.claimed_second);
    match part {
        "name" => match &call.object {
            Some(object) if file(call).is_some() => Some(Value::from(object.path.as_str())),
            _ => {
                let all: Vec<Value<'a>> = first.into_iter().chain(second).collect();
                (!all.is_empty()).then_some(Value::List(all))
            }
        },
        "nameraw" => text(&call.claimed),
        "source" => first,
        "sourceraw" => text(&call.claimed),
        "target" => second,
        "targetraw" => text(&call.claimed_second),
        _ => None,
    }
}
