//! Deliveries: one batch of entries to one destination, all of it or an error.

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::{TcpStream, ToSocketAddrs, UdpSocket};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::config::Destination;
use super::format::{cloud_event, json, syslog, text};
use crate::limits::DELIVERY_TIMEOUT_MS;
use crate::trail::Entry;

const TIMEOUT: Duration = Duration::from_millis(DELIVERY_TIMEOUT_MS);

/// Somebody who is told.
pub(super) enum Receiver {
    Stdout,
    Terminal,
    File { path: PathBuf, max_bytes: u64 },
    Syslog { address: String, facility: u8, connection: Option<Connection> },
    Webhook { agent: ureq::Agent, url: String, headers: Vec<(String, String)> },
}

/// A way to a syslog server.
pub(super) enum Connection {
    Unix(UnixDatagram),
    Udp(UdpSocket),
    Tcp(TcpStream),
}

impl Receiver {
    pub(super) fn new(to: &Destination) -> Self {
        match to.clone() {
            Destination::Stdout {} => Receiver::Stdout,
            Destination::Terminal {} => Receiver::Terminal,
            Destination::File { path, max_bytes } => Receiver::File { path, max_bytes },
            Destination::Syslog { address, facility } => {
                Receiver::Syslog { address, facility, connection: None }
            }
            Destination::Webhook { url, headers } => Receiver::Webhook {
                agent: ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).build().into(),
                url,
                headers: headers.into_iter().collect(),
            },
        }
    }

    /// Tells all entries. After an error some may have been told.
    pub(super) fn deliver(&mut self, entries: &[Entry]) -> Result<(), String> {
        match self {
            Receiver::Stdout => print(entries.iter().map(|entry| json(entry).to_string())),
            Receiver::Terminal => print(entries.iter().map(text)),
            Receiver::File { path, max_bytes } => append(path, *max_bytes, entries),
            Receiver::Syslog { address, facility, connection } => {
                let told = send(address, *facility, connection, entries);
                if told.is_err() {
                    *connection = None;
                }
                told
            }
            Receiver::Webhook { agent, url, headers } => post(agent, url, headers, entries),
        }
        .map_err(|error| error.to_string())
    }
}

fn print(lines: impl Iterator<Item = String>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in lines {
        writeln!(out, "{line}")?;
    }
    out.flush()
}

fn append(path: &PathBuf, max_bytes: u64, entries: &[Entry]) -> io::Result<()> {
    let mut lines = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut lines, &json(entry))?;
        lines.push(b'\n');
    }
    let file = fs::metadata(path);
    let is_file = file.as_ref().is_ok_and(fs::Metadata::is_file);
    if is_file && file.is_ok_and(|file| file.len() + lines.len() as u64 > max_bytes) {
        let mut old = path.clone().into_os_string();
        old.push(".1");
        fs::rename(path, old)?;
    }
    let mut file = File::options().create(true).append(true).mode(0o600).open(path)?;
    file.write_all(&lines)
}

fn send(
    address: &str,
    facility: u8,
    connection: &mut Option<Connection>,
    entries: &[Entry],
) -> io::Result<()> {
    let open = match connection {
        Some(open) => open,
        None => connection.insert(connect(address)?),
    };
    for entry in entries {
        let message = syslog(entry, facility);
        match open {
            Connection::Unix(socket) => socket.send(message.as_bytes()).map(drop)?,
            Connection::Udp(socket) => socket.send(message.as_bytes()).map(drop)?,
            // Octet counting of RFC 6587.
            Connection::Tcp(stream) => write!(stream, "{} {message}", message.len())?,
        }
    }
    Ok(())
}

fn connect(address: &str) -> io::Result<Connection> {
    let unknown = || {
        let why = format!(
            "`{address}` is no address: expected unix:PATH, udp:HOST:PORT or tcp:HOST:PORT"
        );
        io::Error::new(io::ErrorKind::InvalidInput, why)
    };
    let (kind, place) = address.split_once(':').ok_or_else(unknown)?;
    match kind {
        "unix" => {
            let socket = UnixDatagram::unbound()?;
            socket.connect(place)?;
            socket.set_write_timeout(Some(TIMEOUT))?;
            Ok(Connection::Unix(socket))
        }
        "udp" => {
            let to = place.to_socket_addrs()?.next().ok_or_else(unknown)?;
            let own = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
            let socket = UdpSocket::bind(own)?;
            socket.connect(to)?;
            Ok(Connection::Udp(socket))
        }
        "tcp" => {
            let to = place.to_socket_addrs()?.next().ok_or_else(unknown)?;
            let stream = TcpStream::connect_timeout(&to, TIMEOUT)?;
            stream.set_write_timeout(Some(TIMEOUT))?;
            Ok(Connection::Tcp(stream))
        }
        _ => Err(unknown()),
    }
}

fn post(
    agent: &ureq::Agent,
    url: &str,
    headers: &[(String, String)],
    entries: &[Entry],
) -> io::Result<()> {
    let events: Vec<Value> = entries.iter().map(cloud_event).collect();
    let body = serde_json::to_vec(&events)?;
    let mut request = agent.post(url).header("content-type", "application/cloudevents-batch+json");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    // An error may repeat the address, with what is secret in it.
    let told = request.send(&body[..]).map(drop);
    told.map_err(|error| io::Error::other(error.to_string().replace(url, "its address")))
}
